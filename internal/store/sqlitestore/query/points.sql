SELECT i.pk, i.key, i.title, coalesce(t.key, ''), coalesce(t.name, '')
FROM json_each(?) asked
CROSS JOIN issues i ON i.pk = asked.value
LEFT JOIN terms t ON t.id = i.type

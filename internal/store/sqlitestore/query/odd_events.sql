-- The transitions of these issues, by issue.
SELECT e.issue, i.created_at, e.id, e.ordinal, e.at, coalesce(f.source_id || f.key || f.name, ''), coalesce(f.key, ''), e.from_started_at,
       coalesce(s.key, ''), e.to_started_at
FROM json_each(?1) asked
CROSS JOIN issues i ON i.pk = asked.value
CROSS JOIN events e ON e.issue = i.pk
LEFT JOIN refs f ON f.id = e.from_status
LEFT JOIN refs s ON s.id = e.to_status
WHERE e.to_status IS NOT NULL
ORDER BY e.issue

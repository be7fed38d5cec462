SELECT i.pk, i.created_at, i.details
FROM issues i
CROSS JOIN histories h ON h.issue = i.pk
WHERE i.pk BETWEEN (SELECT tags_from FROM state) AND (SELECT tags_to FROM state) AND i.full_changelog
ORDER BY i.pk
LIMIT ?

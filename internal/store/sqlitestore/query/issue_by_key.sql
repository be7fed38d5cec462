-- A current key wins over a former one; of several issues, the one changed last.
SELECT i.pk
FROM (
    SELECT pk AS issue, 0 AS former FROM issues WHERE key = ?1
    UNION ALL
    SELECT issue, 1 FROM aliases WHERE key = ?1
) named
JOIN issues i ON i.pk = named.issue
WHERE i.gone = 0
ORDER BY named.former, i.updated_at DESC, i.pk
LIMIT 1

SELECT f.issue, f.connection, f.queue, f.type, f.resolution, f.created_at,
       c.key, coalesce(q.key, ''), coalesce(s.key, ''), p.started_at
FROM (
    SELECT issue, connection, queue, type, resolution, created_at
    FROM flow
    WHERE generation = (SELECT id FROM generations WHERE stage = 'current') AND issue >= ?1
    ORDER BY issue
    LIMIT ?2
) f
CROSS JOIN periods p ON p.issue = f.issue
JOIN terms c ON c.id = f.connection
LEFT JOIN terms q ON q.id = f.queue
LEFT JOIN terms s ON s.id = p.status
ORDER BY f.issue, p.n

SELECT c.key, coalesce(q.key, ''), coalesce(s.key, ''), u.issues, u.visits
FROM (
    SELECT f.connection, f.queue, p.status, sum(p.ended_at = 0) AS issues, count(*) AS visits
    FROM flow f
    CROSS JOIN periods p ON p.issue = f.issue
    WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')
    GROUP BY f.connection, f.queue, p.status
) u
JOIN terms c ON c.id = u.connection
LEFT JOIN terms q ON q.id = u.queue
LEFT JOIN terms s ON s.id = u.status

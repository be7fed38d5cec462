SELECT f.issue, f.connection, f.queue, f.type, f.resolution, f.created_at, h.periods
FROM flow f
CROSS JOIN histories h ON h.issue = f.issue
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current') AND f.issue >= ?1
ORDER BY f.issue
LIMIT ?2

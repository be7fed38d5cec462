-- Read by sqlite.Scan. issue > 0 makes SQLite read both tables in their own order.
SELECT scan_rows(?1, f.connection, f.queue, h.periods)
FROM flow f
CROSS JOIN histories h ON h.issue = f.issue
WHERE f.issue > 0 AND f.generation = (SELECT id FROM generations WHERE stage = 'current')

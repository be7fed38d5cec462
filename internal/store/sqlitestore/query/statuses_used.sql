-- Read by sqlite.Scan.
SELECT scan_rows(?1, f.connection, f.queue, h.periods)
FROM flow f NOT INDEXED
CROSS JOIN histories h ON h.issue = f.issue
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')

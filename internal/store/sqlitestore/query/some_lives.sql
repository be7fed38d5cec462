-- Read by sqlite.Scan: like lives.sql, of these issues.
SELECT scan_rows(?1, f.issue, f.connection, f.queue, f.type, f.resolution,
                 f.created_at, f.first_active_at, f.closed_at, f.reopen_count, h.periods)
FROM json_each(?2) k
CROSS JOIN flow f ON f.generation = (SELECT id FROM generations WHERE stage = 'current') AND f.issue = k.value
CROSS JOIN histories h ON h.issue = f.issue

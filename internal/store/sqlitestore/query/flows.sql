-- Read by sqlite.Scan: like lives.sql, without periods. Issues created before ?5 that are open,
-- where ?6, or were closed from ?7 to ?8. issue > 0 and the + make SQLite read both
-- tables in their own order.
SELECT scan_rows(?1, f.issue, f.connection, f.queue, f.type, f.resolution,
                 f.created_at, f.first_active_at, f.closed_at, f.reopen_count)
FROM flow f
WHERE f.issue > 0 AND f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?2 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?3 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?4 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND +f.created_at < ?5 AND CASE f.closed_at WHEN 0 THEN ?6 ELSE f.closed_at >= ?7 AND f.closed_at < ?8 END

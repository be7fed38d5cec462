-- Read by sqlite.Scan: the issues that may have been open at some time from ?5 to
-- ?6, and minus their number where only their periods tell. issue > 0 and the + make SQLite read
-- both tables in their own order.
SELECT scan_rows(?1, f.connection, f.queue, f.closed_at, h.periods,
                 CASE WHEN f.reopen_count > 0 OR f.closed_at IN (f.created_at, ?5) THEN -f.issue ELSE f.issue END)
FROM flow f
CROSS JOIN histories h ON h.issue = f.issue
WHERE f.issue > 0 AND f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?2 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?3 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?4 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND +f.created_at < ?6 AND (f.closed_at = 0 OR f.closed_at >= ?5)

-- Read by sqlite.Scan.
SELECT scan_rows(?1, f.issue, f.resolution, f.first_active_at, f.closed_at, f.queue)
FROM flow f
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?2 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?3 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?4 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND f.closed_at > 0 AND f.closed_at >= ?5 AND f.closed_at < ?6

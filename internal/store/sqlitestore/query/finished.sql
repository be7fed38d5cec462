SELECT f.issue, f.resolution, f.first_active_at, f.closed_at
FROM flow f
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?1 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?1) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?2 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?3 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND f.closed_at > 0 AND f.closed_at >= ?4 AND f.closed_at < ?5
ORDER BY f.closed_at, f.issue

SELECT f.issue, f.connection, f.queue
FROM flow f
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?1 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?1) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?2 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?3 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND f.created_at < ?5 AND (f.closed_at = 0 OR f.closed_at > ?4)
ORDER BY f.issue

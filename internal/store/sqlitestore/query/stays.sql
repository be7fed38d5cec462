-- The stays of the same issues, without the one that a closed issue ended in.
SELECT f.issue, p.status, p.started_at, p.ended_at
FROM flow f
CROSS JOIN periods p ON p.issue = f.issue
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?1 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?1) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?2 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?3 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND f.created_at < ?5 AND (f.closed_at = 0 OR f.closed_at > ?4)
  AND p.started_at <= ?6 AND (p.ended_at > 0 OR f.closed_at = 0)
ORDER BY f.issue

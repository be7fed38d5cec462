-- Read by sqlite.Scan: issues that may have been closed before they were created, or
-- were created after ?5.
SELECT scan_rows(?1, i.pk, i.created_at, i.resolved_at)
FROM issues i
WHERE NOT i.gone AND (i.resolved_at > 0 AND i.resolved_at < i.created_at OR i.created_at > ?5)
  AND (?2 IS NULL OR i.connection IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?3 IS NULL OR i.queue IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?4 IS NULL OR i.type IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))

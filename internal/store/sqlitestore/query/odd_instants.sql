-- Read by sqlite.Scan: issues that may have been closed before they were created, or
-- were created after ?5. Both are found by an index of their own.
SELECT scan_rows(?1, i.pk, i.created_at, i.resolved_at)
FROM (SELECT pk FROM issues INDEXED BY issues_resolved_early WHERE resolved_at > 0 AND resolved_at < created_at
      UNION
      SELECT issue FROM flow WHERE generation = (SELECT id FROM generations WHERE stage = 'current') AND created_at > ?5) AS odd
CROSS JOIN issues i ON i.pk = odd.pk
WHERE NOT i.gone
  AND (?2 IS NULL OR i.connection IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?3 IS NULL OR i.queue IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?4 IS NULL OR i.type IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))

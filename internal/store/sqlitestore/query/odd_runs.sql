SELECT r.pk, coalesce(c.key, ''), coalesce(p.key, ''), r.id, r.created_at, r.started_at, r.finished_at
FROM runs r
LEFT JOIN terms c ON c.id = r.connection
LEFT JOIN terms p ON p.id = r.project
WHERE r.created_at >= ?1 AND r.created_at < ?2
  AND (r.finished_at > 0 AND r.finished_at < max(r.started_at, r.created_at) OR r.created_at > ?3)
  AND (?4 IS NULL OR r.connection IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?5 IS NULL OR r.project IN (
      SELECT t.id FROM json_each(?5) k JOIN terms t ON t.kind = 'project' AND t.key = k.value))
ORDER BY r.created_at DESC, r.pk DESC

-- ?12, ?13: before this run of the order; ?14: with jobs and builds.
SELECT r.pk, r.id, coalesce(c.key, ''), coalesce(p.key, ''), coalesce(w.key, ''), coalesce(b.key, ''), coalesce(d.key, ''),
       coalesce(s.key, ''), r.restarts, r.attempt, r.created_at, r.started_at, r.finished_at, r.updated_at,
       r.duration, r.duration_e2e, x.details, iif(?14, x.parts, '')
FROM runs r
CROSS JOIN run_texts x ON x.run = r.pk
LEFT JOIN terms c ON c.id = r.connection
LEFT JOIN terms p ON p.id = r.project
LEFT JOIN terms w ON w.id = r.workflow
LEFT JOIN terms b ON b.id = r.branch
LEFT JOIN terms d ON d.id = r.default_branch
LEFT JOIN terms s ON s.id = r.status
WHERE r.created_at >= ?2 AND r.created_at < ?3
  AND (?4 IS NULL OR r.connection IN (
      SELECT t.id FROM json_each(?4) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?5 IS NULL OR r.project IN (
      SELECT t.id FROM json_each(?5) k JOIN terms t ON t.kind = 'project' AND t.key = k.value))
  AND (?6 IS NULL OR r.workflow IN (
      SELECT t.id FROM json_each(?6) k JOIN terms t ON t.kind = 'workflow' AND t.key = k.value))
  AND (?7 IS NULL OR r.restarts = ?7)
  AND CASE
      WHEN ?8 IS NOT NULL THEN r.branch IN (
          SELECT t.id FROM json_each(?8) k JOIN terms t ON t.kind = 'branch' AND t.key = k.value)
      WHEN ?9 THEN 1
      WHEN r.default_branch <> 0 THEN r.branch = r.default_branch
      ELSE (r.connection, r.branch) IN (
          SELECT c.id, b.id
          FROM json_each(?10) k
          JOIN terms c ON c.kind = 'connection' AND c.key = k.value ->> 0
          JOIN terms b ON b.kind = 'branch' AND b.key = k.value ->> 1)
      END
  AND (?11 IS NULL OR r.status IN (
      SELECT t.id FROM json_each(?11) k JOIN terms t ON t.kind = 'run status' AND t.key = k.value))
  AND (r.created_at, r.pk) < (?12, ?13)
ORDER BY r.created_at DESC, r.pk DESC
LIMIT ?1

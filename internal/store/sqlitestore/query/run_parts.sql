-- Read by sqlite.Scan.
SELECT scan_rows(?1, r.created_at, r.status, r.jobs, r.builds, r.connection, r.workflow)
FROM runs r
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

-- ?4, ?5: created in this range. ?6, ?7: closed in this range, or, where ?8, open.
-- Periods are given where flow alone does not tell whether the issue was open at
-- some time from ?6 on.
SELECT i.id, i.key, c.key, coalesce(q.key, ''), i.title, i.version, i.created_at, i.updated_at, i.resolved_at,
       i.status_started_at, i.details,
       (SELECT json_group_array(a.key) FROM (SELECT key FROM aliases WHERE issue = i.pk AND key <> i.key ORDER BY key) a),
       f.created_at, f.first_active_at, f.closed_at, f.reopen_count, f.issue,
       h.moved_at, coalesce(m.source_id, ''), coalesce(m.key, ''), coalesce(m.name, ''),
       CASE WHEN f.reopen_count > 0 OR f.closed_at IN (f.created_at, ?6) THEN h.periods END
FROM flow f
CROSS JOIN issues i ON i.pk = f.issue
JOIN terms c ON c.id = i.connection
LEFT JOIN terms q ON q.id = i.queue
JOIN histories h ON h.issue = f.issue
LEFT JOIN refs m ON m.id = h.moved_by
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')
  AND (?1 IS NULL OR f.connection IN (
      SELECT t.id FROM json_each(?1) k JOIN terms t ON t.kind = 'connection' AND t.key = k.value))
  AND (?2 IS NULL OR f.queue IN (
      SELECT t.id FROM json_each(?2) k JOIN terms t ON t.kind = 'queue' AND t.key = k.value))
  AND (?3 IS NULL OR f.type IN (
      SELECT t.id FROM json_each(?3) k JOIN terms t ON t.kind = 'type' AND t.key = k.value))
  AND f.created_at >= ?4 AND f.created_at < ?5
  AND (f.closed_at >= ?6 AND f.closed_at < ?7 OR f.closed_at = 0 AND ?8)
  AND (f.created_at, f.issue) > (?9, ?10)
ORDER BY f.created_at, f.issue
LIMIT ?11

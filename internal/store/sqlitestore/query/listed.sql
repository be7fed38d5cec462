-- The issues of these numbers, with the columns of issues.sql.
SELECT i.id, i.key, c.key, coalesce(q.key, ''), i.title, i.version, i.created_at, i.updated_at, i.resolved_at,
       i.status_started_at, i.details,
       (SELECT json_group_array(a.key) FROM (SELECT key FROM aliases WHERE issue = i.pk AND key <> i.key ORDER BY key) a),
       f.created_at, f.first_active_at, f.closed_at, f.reopen_count, f.issue,
       h.moved_at, coalesce(m.source_id, ''), coalesce(m.key, ''), coalesce(m.name, ''), NULL
FROM json_each(?1) asked
CROSS JOIN flow f ON f.generation = (SELECT id FROM generations WHERE stage = 'current') AND f.issue = asked.value
CROSS JOIN issues i ON i.pk = f.issue
JOIN terms c ON c.id = i.connection
LEFT JOIN terms q ON q.id = i.queue
JOIN histories h ON h.issue = f.issue
LEFT JOIN refs m ON m.id = h.moved_by

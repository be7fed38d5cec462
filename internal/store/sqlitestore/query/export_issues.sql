SELECT i.id, i.key, c.key, coalesce(q.key, ''), i.title, i.version, i.created_at, i.updated_at, i.resolved_at,
       i.status_started_at, i.details,
       (SELECT json_group_array(a.key) FROM (SELECT key FROM aliases WHERE issue = i.pk AND key <> i.key ORDER BY key) a),
       i.pk, i.fingerprint, i.full_changelog, i.gone
FROM issues i
JOIN terms c ON c.id = i.connection
LEFT JOIN terms q ON q.id = i.queue
WHERE i.pk > ?1
ORDER BY i.pk
LIMIT ?2

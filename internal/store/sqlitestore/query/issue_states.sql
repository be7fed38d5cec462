SELECT i.id, i.key, coalesce(q.key, ''), i.version, i.updated_at, i.status_started_at, coalesce(s.key, ''),
       i.fingerprint, i.full_changelog, i.gone,
       (SELECT count(*) FROM events e WHERE e.issue = i.pk), coalesce(last.id, ''), coalesce(last.ordinal, -1)
FROM json_each(?2) asked
CROSS JOIN issues i ON i.connection = (SELECT id FROM terms WHERE kind = 'connection' AND key = ?1) AND i.id = asked.value
LEFT JOIN terms q ON q.id = i.queue
LEFT JOIN terms s ON s.id = i.status
LEFT JOIN events last ON last.issue = i.pk
    AND last.id = (SELECT e.id FROM events e WHERE e.issue = i.pk ORDER BY e.at DESC, e.ordinal DESC, e.id DESC LIMIT 1)

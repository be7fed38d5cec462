SELECT r.pk, r.id, coalesce(c.key, ''), coalesce(p.key, ''), coalesce(w.key, ''), coalesce(b.key, ''), coalesce(d.key, ''),
       coalesce(s.key, ''), r.restarts, r.attempt, r.created_at, r.started_at, r.finished_at, r.updated_at,
       r.duration, r.duration_e2e, x.details, x.parts
FROM runs r
CROSS JOIN run_texts x ON x.run = r.pk
LEFT JOIN terms c ON c.id = r.connection
LEFT JOIN terms p ON p.id = r.project
LEFT JOIN terms w ON w.id = r.workflow
LEFT JOIN terms b ON b.id = r.branch
LEFT JOIN terms d ON d.id = r.default_branch
LEFT JOIN terms s ON s.id = r.status
WHERE r.pk > ?1
ORDER BY r.pk
LIMIT ?2

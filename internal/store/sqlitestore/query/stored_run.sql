SELECT r.pk, r.workflow, r.branch, r.default_branch, r.status, r.restarts, r.attempt, r.created_at, r.started_at,
       r.finished_at, r.updated_at, r.duration, r.duration_e2e, x.details, x.parts
FROM runs r
JOIN run_texts x ON x.run = r.pk
WHERE r.connection = ? AND r.project = ? AND r.id = ?

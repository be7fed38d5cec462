INSERT INTO runs (connection, project, workflow, branch, default_branch, status, id, restarts, attempt, created_at,
                  started_at, finished_at, updated_at, duration, duration_e2e, jobs, builds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (connection, project, id) DO UPDATE SET
    workflow = excluded.workflow,
    branch = excluded.branch,
    default_branch = excluded.default_branch,
    status = excluded.status,
    restarts = excluded.restarts,
    attempt = excluded.attempt,
    created_at = excluded.created_at,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at,
    updated_at = excluded.updated_at,
    duration = excluded.duration,
    duration_e2e = excluded.duration_e2e,
    jobs = excluded.jobs,
    builds = excluded.builds
RETURNING pk

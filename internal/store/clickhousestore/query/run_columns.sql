run, connection, project, id, workflow, branch, default_branch, status, restarts, attempt,
       created_at, started_at, finished_at, updated_at, duration, duration_e2e, details
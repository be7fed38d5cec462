SELECT run, connection, project, id, created_at, started_at, finished_at
FROM runs FINAL
WHERE {{template "run_filter.sql" .}}
  AND (finished_at > 0 AND finished_at < greatest(started_at, created_at) OR created_at > @now)
ORDER BY created_at DESC, run DESC

SELECT issue, connection, queue, type, resolution, created_at, first_active_at, closed_at, reopen_count, statuses, starts
FROM flow FINAL
WHERE {{template "filter.sql" .}}

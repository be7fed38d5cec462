SELECT i.issue, i.connection, i.id, i.key, i.queue, i.type, i.status, i.resolution, i.title, i.version,
       i.created_at, i.updated_at, i.resolved_at, i.status_started_at, i.moved_at,
       i.moved_by_id, i.moved_by_key, i.moved_by_name, i.former_keys, i.details,
       f.created_at, f.first_active_at, f.closed_at, f.reopen_count
FROM (
    SELECT {{template "issue_columns.sql"}}
    FROM issues FINAL
    {{- if .Limit}} WHERE issue IN (SELECT issue FROM (
{{template "listed_flow.sql" .}}
    )){{end}}
) AS i
INNER JOIN (
{{template "listed_flow.sql" .}}
) AS f ON f.issue = i.issue
ORDER BY f.created_at, f.issue

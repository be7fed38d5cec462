-- In a cluster each host has its part of the limit: hence the second one.
SELECT {{template "run_columns.sql"}}{{if .Jobs}}, parts{{end}}
FROM runs FINAL
WHERE {{if .Limit}}run IN (
    SELECT run
    FROM runs FINAL
    WHERE {{template "run_filter.sql" .}}
    ORDER BY created_at DESC, run DESC
    LIMIT {{.Limit}}
){{else}}{{template "run_filter.sql" .}}{{end}}
ORDER BY created_at DESC, run DESC
{{- if .Limit}}
LIMIT {{.Limit}}{{end}}

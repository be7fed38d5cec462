SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE kind = 'incident' AND NOT flag
{{- if .Repositories}} OR kind = 'deployment' AND repository_key IN @repositories OR kind = 'change' AND flag AND repository_key IN @repositories{{end}}
{{- if .Services}} OR kind = 'deployment' AND service_key IN @services{{end}}
{{- if .ErrorProjects}} OR kind IN ('error_group', 'release') AND NOT flag AND project IN @error_projects{{end}}

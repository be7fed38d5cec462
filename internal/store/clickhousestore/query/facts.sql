SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE kind = @kind AND at >= @from AND at < @to AND (at, number) < (@before_at, @before_number)
{{- if .Connections}} AND connection IN @connections{{end}}
{{- if .Narrowed}} AND (false
    {{- if .Repositories}} OR repository_key IN @repositories{{end}}
    {{- if .Services}} OR service_key IN @services{{end}}
    {{- if .Projects}} OR project IN @projects{{end}}){{end}}
{{- if .Environments}} AND environment_key IN @environments{{end}}
{{- if .Merged}} AND flag{{end}}
{{- if .Present}} AND NOT flag{{end}}
ORDER BY at DESC, number DESC
{{- if .Limit}}
LIMIT {{.Limit}}{{end}}

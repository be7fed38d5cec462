SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE kind = 'ticket' AND (at >= @from AND at < @to OR until >= @from AND until < @to)
{{- if .Connections}} AND connection IN @connections{{end}}
{{- if .Projects}} AND project IN @projects{{end}}
ORDER BY at DESC, number DESC
{{- if .Limit}}
LIMIT {{.Limit}}{{end}}

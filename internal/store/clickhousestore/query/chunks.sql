SELECT service, environment, part, month, sum, body
FROM dora_chunks FINAL
WHERE NOT removed AND part IN @parts AND (month = 0 OR month BETWEEN @from AND @to)
{{- if .Services}} AND service IN @services{{end}}
{{- if .Environments}} AND environment IN @environments{{end}}
ORDER BY service, environment, part, month

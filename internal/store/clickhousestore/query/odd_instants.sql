SELECT issue, created_at, resolved_at
FROM issues FINAL
WHERE NOT gone AND (resolved_at > 0 AND resolved_at < created_at OR created_at > @now)
{{- if .Connections}} AND connection IN @connections{{end}}
{{- if .NoQueue}} AND false{{else if .Queues}} AND queue IN @queues{{end}}
{{- if .Types}} AND type IN @types{{end}}

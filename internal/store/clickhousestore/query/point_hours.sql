SELECT hour, touched_at, stale FROM point_hours FINAL
{{- if .}} WHERE hour > @from - 3600000 AND hour < @to{{end}}

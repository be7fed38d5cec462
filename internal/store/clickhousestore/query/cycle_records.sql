WITH {{template "given.sql" .}}
SELECT issue, closed_at, seconds, reason
FROM (
{{template "finished.sql" .}}
) AS measured
{{if .ByKey}}INNER JOIN (SELECT issue, key FROM issues FINAL) AS named USING (issue)
{{end -}}
WHERE {{.Wanted}}
ORDER BY {{.Order}}
LIMIT {{.Limit}} OFFSET {{.Offset}}

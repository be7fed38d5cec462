WITH {{template "given.sql" .}}
SELECT issue, closed_at, seconds, '' AS reason
FROM (
{{template "stays.sql" .}}
) AS measured
{{if .ByKey}}INNER JOIN (SELECT issue, key FROM issues FINAL) AS named USING (issue)
{{end -}}
WHERE {{.Wanted}}
ORDER BY {{.Order}}
LIMIT {{.Limit}} OFFSET {{.Offset}}

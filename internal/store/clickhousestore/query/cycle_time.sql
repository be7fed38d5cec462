WITH {{template "given.sql" .}},
     {{template "quantiles.sql"}}
SELECT reason, count(), quantiles
FROM (
{{template "finished.sql" .}}
)
GROUP BY reason

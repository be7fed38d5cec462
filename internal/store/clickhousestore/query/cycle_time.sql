WITH {{template "given.sql" .}},
     {{template "quantiles.sql" "arraySort(groupArray(seconds))"}}
SELECT reason, count(), quantiles
FROM (
{{template "finished.sql" .}}
)
GROUP BY reason

WITH {{template "given.sql" .}},
     {{template "quantiles.sql" (quantiles "arraySort(groupArray(seconds))" "0.5, 0.85, 0.95")}}
SELECT reason, count(), quantiles
FROM (
{{template "finished.sql" .}}
)
GROUP BY reason

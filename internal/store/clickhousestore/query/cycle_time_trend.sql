-- Per bucket, by its start, and over all of them (bucket 0 of "whole").
WITH {{template "given.sql" .}},
     {{template "quantiles.sql" (quantiles "arraySort(groupArray(seconds))" "0.5, 0.85, 0.95")}}
SELECT grouping(bucket) = 1 AS whole, bucket, reason, count(), quantiles
FROM (
    SELECT roundDown(closed_at, {{.Starts}}) AS bucket, reason, seconds
    FROM (
{{template "finished.sql" .}}
    )
)
GROUP BY GROUPING SETS ((bucket, reason), (reason))

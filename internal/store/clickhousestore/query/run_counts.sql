-- Per bucket, by its start, and over all of them (bucket 0 of "whole").
SELECT grouping(bucket) = 1 AS whole, bucket, count(),
       countIf(status = 'success'), countIf(status = 'failed'), countIf(status = 'cancelled'), countIf(status = 'skipped'),
       countIf(status IN ('waiting', 'running')), countIf(restarts)
FROM (
    SELECT roundDown(created_at, {{.Starts}}) AS bucket, status, restarts
    FROM runs FINAL
    WHERE {{template "run_filter.sql" .}}
)
GROUP BY GROUPING SETS ((bucket), ())

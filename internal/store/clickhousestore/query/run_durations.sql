-- Per bucket, by its start, and over all of them (bucket 0 of "whole").
SELECT grouping(bucket) = 1 AS whole, bucket, reason, count(), quantilesExactInclusiveIf(0.5, 0.8, 0.95)(millis, reason = '')
FROM (
    SELECT bucket, millis, {{template "run_reason.sql" .}}
    FROM (
        SELECT roundDown(created_at, {{.Starts}}) AS bucket, status AS ended, restarts, {{.Millis}} AS millis
        FROM runs FINAL
        {{- if .Builds}} ARRAY JOIN build_durations AS built{{end}}
        WHERE {{template "run_filter.sql" .}}
    )
)
GROUP BY GROUPING SETS ((bucket, reason), (reason))

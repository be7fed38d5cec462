-- The jobs of runs by name, or their builds, which end as their runs do.
WITH {{template "quantiles.sql" (quantiles "arraySort(groupArray(millis))" "0.5, 0.8, 0.95")}}
SELECT name, reason, count(), countIf(ended = 'failed'), sum(millis), quantiles
FROM (
    SELECT name, ended, millis, {{template "run_reason.sql" .}}
    FROM (
        {{- if .Builds}}
        SELECT name, status AS ended, millis
        FROM runs FINAL ARRAY JOIN build_names AS name, build_durations AS millis
        {{- else}}
        SELECT name, ended, millis
        FROM runs FINAL ARRAY JOIN job_names AS name, job_statuses AS ended, job_durations AS millis
        {{- end}}
        WHERE {{template "run_filter.sql" .}}
    )
)
GROUP BY name, reason

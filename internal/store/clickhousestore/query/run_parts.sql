-- The jobs of runs by name, or their builds, of which it is not known how they
-- ended, so that they are left out like their runs.
SELECT name, reason, count(), {{if .Builds}}toUInt64(0){{else}}countIf(ended = 'failed'){{end}}, sum(millis), quantilesExactInclusiveIf(0.5, 0.8, 0.95)(millis, reason = '')
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

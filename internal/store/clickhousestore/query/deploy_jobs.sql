-- Runs by their workflow, and the jobs of each by name.
SELECT connection, whole, name, ended, bucket, count()
FROM (
    SELECT connection, roundDown(created_at, {{.Starts}}) AS bucket, whole, name, ended
    FROM runs FINAL ARRAY JOIN
        arrayConcat([true], arrayMap(j -> false, job_names)) AS whole,
        arrayConcat([toString(workflow)], arrayMap(j -> toString(j), job_names)) AS name,
        arrayConcat([toString(status)], arrayMap(j -> toString(j), job_statuses)) AS ended
    WHERE {{template "run_filter.sql" .}}
)
GROUP BY connection, whole, name, ended, bucket

-- Per status, with how many of its issues are where.
WITH {{template "given.sql" .}},
     {{template "quantiles.sql" "arraySort(arrayFlatten(groupArray(part)))"}}
SELECT status, quantiles, groupArray(connection), groupArray(queue), groupArray(toUInt64(length(part)))
FROM (
    SELECT status, connection, queue, groupArray(seconds) AS part
    FROM (
{{template "stays.sql" .}}
    )
    GROUP BY status, connection, queue
)
GROUP BY status

-- Per status, with how many of its issues are where, and how many of them began
-- in it: each issue began in one, at its creation, which the range's end is after.
WITH {{template "given.sql" .}},
     {{template "quantiles.sql" (quantiles "arraySort(groupArrayArray(part))" "0.5, 0.85, 0.95")}}
SELECT status, quantiles, groupArray(connection), groupArray(queue), groupArray(toUInt64(length(part))), sum(began)
FROM (
    SELECT status, connection, queue, groupArray(seconds) AS part, countIf(slot = 1) AS began
    FROM (
{{template "stays.sql" .}}
    )
    GROUP BY status, connection, queue
)
GROUP BY status
-- Sorted on all cores.
SETTINGS group_by_two_level_threshold = 1, group_by_two_level_threshold_bytes = 1

-- Statuses by the boundary (1 for the first, 0 before it) that their stays began
-- after; the last stay is where the issue is now.
SELECT connection, queue, status, toUInt64(arrayCount(since -> since <= started, CAST(@boundaries, 'Array(Int64)'))) AS since,
       countIf(last) AS issues, count() AS visits
FROM (
    SELECT connection, queue, statuses, starts, arrayMap(n -> n = length(starts), arrayEnumerate(starts)) AS lasts
    FROM flow FINAL
    WHERE generation = @generation
)
ARRAY JOIN statuses AS status, starts AS started, lasts AS last
GROUP BY connection, queue, status, since

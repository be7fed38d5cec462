-- How many issues were in each of these statuses in the range up to now. @unmapped are
-- connections, queues and statuses, each with the boundary that its stays began after.
SELECT connection, queue, status, uniqExact(issue) AS issues
FROM (
    SELECT issue, connection, queue, statuses, starts, arrayPushBack(arrayPopFront(starts), 0) AS ends
    FROM flow FINAL
    WHERE {{template "filter.sql" .}}
)
ARRAY JOIN statuses AS status, starts AS started, ends AS ended
WHERE started < @known AND (ended = 0 OR ended > @from OR started >= @from)
  AND has(CAST(@unmapped, 'Array(Array(String))'), [toString(connection), toString(queue), toString(status),
      toString(arrayCount(since -> since <= started, CAST(@boundaries, 'Array(Int64)')))])
GROUP BY connection, queue, status

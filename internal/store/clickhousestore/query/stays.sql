-- The seconds of each issue in each status up to now, floored once; the terminal
-- stay is left out. Within an issue, statuses are told apart by the order in which
-- they first come: summing its few stays for each is faster than grouping all.
    SELECT issue, connection, queue, closed_at, status, slot,
           intDiv(arraySum((at, length) -> if(at = slot AND length > 0, length, 0), slots, lengths), 1000) AS seconds
    FROM (
        SELECT issue, connection, queue, closed_at, statuses, arrayEnumerateDense(statuses) AS slots,
               arrayMap((n, started, begin, end) -> if(started > @now OR (closed_at != 0 AND n = length(starts)), -1, greatest(0, end - begin)),
                        arrayEnumerate(starts), starts, arrayPopBack(marks), arrayPopFront(marks)) AS lengths
        FROM (
            SELECT *, {{marks .Clock "clipped"}} AS marks
            FROM (
                SELECT *, arrayMap(x -> least(x, @now), arrayPushBack(starts, @now)) AS clipped
                FROM (
{{template "opened.sql" .}}
                )
            )
        )
    )
    ARRAY JOIN arrayDistinct(statuses) AS status, arrayEnumerate(arrayDistinct(statuses)) AS slot
    WHERE arrayExists((at, length) -> at = slot AND length >= 0, slots, lengths){{if .Status}} AND status = @status{{end}}

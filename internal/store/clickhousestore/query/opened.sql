-- The issues that were open at some time in the range: a stay that is not closed
-- overlaps it, or took no time and lies in it.
    SELECT issue, connection, queue, closed_at, statuses, starts, arrayPushBack(arrayPopFront(starts), 0) AS ends
    FROM flow FINAL
    WHERE {{template "filter.sql" .}}
      AND created_at < @known AND (closed_at = 0 OR closed_at >= @from)
      AND arrayExists((started, ended, class) -> class != 2 AND started < @known AND (ended = 0 OR ended > @from OR started >= @from),
                      starts, ends, classes)

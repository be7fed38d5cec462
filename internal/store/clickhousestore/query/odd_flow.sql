    SELECT issue, length(starts) AS stays, arrayExists((a, b) -> a = b, arrayPopBack(starts), arrayPopFront(starts)) AS even
    FROM flow FINAL
    WHERE {{template "filter.sql" .}}
      AND (arrayExists((a, b) -> a = b, arrayPopBack(starts), arrayPopFront(starts))
           OR arrayExists(started -> started >= @from AND started < @known, arrayPopFront(starts)))

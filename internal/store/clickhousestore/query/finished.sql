-- The issues closed in the range, each with why it is left out or with its cycle
-- time in seconds.
    SELECT issue, queue, closed_at, reason,
           if(reason = '', intDiv({{between .Clock "first_active_at" "closed_at"}}, 1000), 0) AS seconds
    FROM (
        SELECT issue, queue, closed_at, first_active_at,
               multiIf({{if .Exclusions}}resolution != '' AND has(excluded[1 + arrayCount(since -> since <= closed_at, versions)], resolution){{else}}false{{end}}, 'excluded_resolution',
                       first_active_at = 0, 'never_active', '') AS reason
        FROM flow FINAL
        WHERE {{template "filter.sql" .}}
          AND closed_at > 0 AND closed_at >= @from AND closed_at < @to
    )

-- The seconds of each issue in each status up to now, floored once; the terminal
-- stay is left out.
    SELECT issue, any(connection) AS connection, any(queue) AS queue, any(closed_at) AS closed_at, status, intDiv(sum(length), 1000) AS seconds
    FROM (
        SELECT issue, connection, queue, closed_at, status, {{between .Clock "started" "until"}} AS length
        FROM (
            SELECT issue, connection, queue, closed_at, status, started, if(ended = 0 OR ended > @now, @now, ended) AS until
            FROM (
{{template "opened.sql" .}}
            )
            ARRAY JOIN statuses AS status, starts AS started, ends AS ended
            WHERE started <= @now AND NOT (closed_at != 0 AND ended = 0){{if .Status}} AND status = @status{{end}}
        )
    )
    GROUP BY issue, status

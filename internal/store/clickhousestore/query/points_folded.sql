-- By bucket, and by hour within it when roll-ups stand between.
    SELECT series, greatest(at - at % @every, toInt64(@from){{if .Hours}}, at - at % 3600000{{end}}) AS start, toInt64(count()) AS n, sum(value) AS total,
           min(value) AS low, max(value) AS high, argMin(value, at) AS head, argMax(value, at) AS tail, false AS gone
    FROM points FINAL
    WHERE {{template "points_asked.sql" .}}
    GROUP BY series, start
    {{- if .Hours}}
    UNION ALL
    SELECT series, hour AS start, n, sum AS total, min AS low, max AS high, first AS head, last AS tail, sealed AS gone
    FROM series_hours FINAL
    WHERE {{template "hours_asked.sql" .}}
    {{- end}}

SELECT series, start, n, total, gone
FROM (
    SELECT series, at AS start, toInt64(1) AS n, value AS total, false AS gone
    FROM points FINAL
    WHERE {{template "points_asked.sql" .}}
    {{- if .Hours}}
    UNION ALL
    SELECT series, hour AS start, n, sum AS total, sealed AS gone
    FROM series_hours FINAL
    WHERE {{template "hours_asked.sql" .}}
    {{- end}}
)
ORDER BY series, start
SETTINGS do_not_merge_across_partitions_select_final = 1, max_bytes_before_external_sort = 500000000

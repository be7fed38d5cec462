-- In the order of the table, so that no more is read than is asked for.
SELECT series, at, value, written
FROM points FINAL
WHERE day >= @day AND (day, series, at) > (@day, @series, @at)
ORDER BY day, series, at
LIMIT @limit
SETTINGS do_not_merge_across_partitions_select_final = 1

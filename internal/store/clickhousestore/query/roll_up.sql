INSERT INTO series_hours (series, hour, n, sum, min, max, first, last, sealed, written)
SELECT series, at - at % 3600000 AS of_hour, count(), sum(value), min(value), max(value), argMin(value, at), argMax(value, at), false, @written
FROM points FINAL
WHERE day IN @days AND at - at % 3600000 IN @hours
GROUP BY series, of_hour
SETTINGS do_not_merge_across_partitions_select_final = 1

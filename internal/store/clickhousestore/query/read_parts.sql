-- What buckets are made of.
SELECT series, start, n, total, low, high, head, tail, gone
FROM (
{{template "points_folded.sql" .}}
)
ORDER BY series, start
SETTINGS do_not_merge_across_partitions_select_final = 1

SELECT series, greatest(start - start % @every, toInt64(@from)) AS bucket, sum(n), sum(total), min(low), max(high),
       argMin(head, start), argMax(tail, start), max(gone)
FROM (
{{template "points_folded.sql" .}}
)
GROUP BY series, bucket
ORDER BY series, bucket
SETTINGS do_not_merge_across_partitions_select_final = 1

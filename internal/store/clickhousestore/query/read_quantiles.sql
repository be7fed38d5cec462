WITH {{template "quantiles.sql" (quantiles "arraySort(groupArray(value))" .P)}}
SELECT series, greatest(at - at % @every, toInt64(@from)) AS bucket, quantiles[1]
FROM points FINAL
WHERE {{template "points_asked.sql" .}}
GROUP BY series, bucket
ORDER BY series, bucket
SETTINGS do_not_merge_across_partitions_select_final = 1

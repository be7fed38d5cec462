SELECT day FROM points WHERE day IN @days{{.Of "series"}} GROUP BY day ORDER BY day

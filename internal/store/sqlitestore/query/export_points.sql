SELECT scan_rows(?1, series, at, value)
FROM (SELECT series, at, value FROM points WHERE (series, at) > (?2, ?3) ORDER BY series, at LIMIT ?4)

SELECT series, hour, n, sum, min, max, first, last FROM series_hours
WHERE sealed = 1 AND (series, hour) > (?1, ?2) ORDER BY series, hour LIMIT ?3

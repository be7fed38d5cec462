SELECT series, hour, n, sum, min, max, first, last
FROM series_hours FINAL
WHERE series >= @series AND (series, hour) > (@series, @hour) AND sealed
ORDER BY series, hour
LIMIT @limit

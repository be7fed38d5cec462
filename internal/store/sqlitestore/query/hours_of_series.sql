SELECT hour, n, sum, min, max, first, last, sealed FROM series_hours
WHERE series = ? AND hour >= ? AND hour < ? AND (sealed = 1 OR ?) ORDER BY hour

SELECT max(coalesce((SELECT max(at) FROM points WHERE series = pk), 0), coalesce((SELECT max(hour) FROM series_hours WHERE series = pk), 0))
FROM series WHERE id = ?

DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM points WHERE points.series = pk)
AND NOT EXISTS (SELECT 1 FROM series_hours WHERE series_hours.series = pk)

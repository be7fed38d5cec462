SELECT DISTINCT id FROM series WHERE id NOT IN (SELECT series FROM series_hours)

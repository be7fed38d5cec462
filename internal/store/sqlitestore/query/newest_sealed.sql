SELECT coalesce((SELECT max(hour) FROM series_hours WHERE sealed = 1), -1)

SELECT EXISTS (SELECT 1 FROM series_hours JOIN series ON pk = series WHERE id = ? AND hour = ? AND sealed = 1)

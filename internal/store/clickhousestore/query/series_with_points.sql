SELECT DISTINCT series FROM points WHERE series IN @series
UNION DISTINCT
SELECT DISTINCT series FROM series_hours WHERE series IN @series

SELECT series, max(hour) FROM series_hours WHERE series IN @series GROUP BY series

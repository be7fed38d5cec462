SELECT DISTINCT hour FROM series_hours WHERE hour IN @hours

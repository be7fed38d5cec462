-- A row that seals an hour is the last one of it: there is no need of FINAL.
SELECT DISTINCT series, hour FROM series_hours WHERE series IN @series AND hour IN @hours AND sealed

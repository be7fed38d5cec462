-- One that is not sealed stands for points that are still there.
DELETE FROM series_hours WHERE series = ? AND hour >= ? AND hour < ? AND sealed = 1

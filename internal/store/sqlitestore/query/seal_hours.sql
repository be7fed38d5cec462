UPDATE series_hours SET sealed = 1 WHERE series = ? AND hour >= ? AND hour < ?

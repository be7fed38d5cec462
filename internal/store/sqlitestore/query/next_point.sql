SELECT at FROM points WHERE series = ? AND at >= ? ORDER BY at LIMIT 1

DELETE FROM points WHERE series = ? AND at >= ? AND at < ?

SELECT scan_rows(?1, at, value) FROM points WHERE series = ?2 AND at >= ?3 AND at < ?4

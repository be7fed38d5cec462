INSERT INTO series_hours (series, hour, n, sum, min, max, first, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max,
    first = excluded.first, last = excluded.last WHERE sealed = 0

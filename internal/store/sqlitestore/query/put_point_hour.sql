INSERT INTO point_hours (hour, touched_at, stale) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET touched_at = excluded.touched_at, stale = excluded.stale

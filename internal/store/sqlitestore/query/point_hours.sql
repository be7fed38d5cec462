SELECT hour, touched_at, stale FROM point_hours WHERE hour >= ? AND hour < ? ORDER BY hour

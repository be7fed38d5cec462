SELECT EXISTS (SELECT 1 FROM point_hours WHERE hour >= ? AND hour < ? AND (stale = 1 OR touched_at >= ?))

DELETE FROM point_hours WHERE hour >= ? AND hour < ? AND touched_at < ? AND stale = 0

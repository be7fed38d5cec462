SELECT kind, key, name, seen_at FROM terms WHERE kind IN ('queue', 'type', 'status', 'resolution') ORDER BY kind, key

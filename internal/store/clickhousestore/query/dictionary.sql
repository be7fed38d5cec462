SELECT connection, key, name, type, position FROM statuses FINAL ORDER BY connection, key

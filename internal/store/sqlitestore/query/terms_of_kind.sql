SELECT id, key, name FROM terms WHERE kind = ?

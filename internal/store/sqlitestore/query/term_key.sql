SELECT key FROM terms WHERE id = ?

SELECT id FROM terms WHERE kind = ? AND key = ?

UPDATE generations SET stage = 'current' WHERE id = ?

DELETE FROM events WHERE issue = ? AND id = ?

DELETE FROM periods WHERE issue = ?

DELETE FROM histories WHERE issue = ?

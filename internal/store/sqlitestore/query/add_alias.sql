INSERT OR IGNORE INTO aliases (key, issue) VALUES (?, ?)

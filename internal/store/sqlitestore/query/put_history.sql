INSERT OR REPLACE INTO histories (issue, moved_at, moved_by, periods, tagged) VALUES (?, ?, ?, ?, ?)

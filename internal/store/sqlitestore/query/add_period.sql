INSERT INTO periods (issue, n, status, started_at, ended_at, inferred) VALUES (?, ?, ?, ?, ?, ?)

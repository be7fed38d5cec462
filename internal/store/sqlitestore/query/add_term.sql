INSERT INTO terms (kind, key, name, seen_at) VALUES (?, ?, '', 0)

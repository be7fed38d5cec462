INSERT INTO refs (source_id, key, name) VALUES (?, ?, ?)

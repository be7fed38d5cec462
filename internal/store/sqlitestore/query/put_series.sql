INSERT INTO series (id, metric, tags, token) VALUES (?, ?, ?, ?)

INSERT INTO statuses (connection, key, name, type, position) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (connection, key) DO UPDATE SET
    name = excluded.name, type = excluded.type, position = excluded.position
WHERE (name, type, position) IS NOT (excluded.name, excluded.type, excluded.position)

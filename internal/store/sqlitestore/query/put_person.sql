INSERT INTO people (connection, id, login, email, name) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (connection, id) DO UPDATE SET
    login = excluded.login, email = excluded.email, name = excluded.name
WHERE (login, email, name) IS NOT (excluded.login, excluded.email, excluded.name)

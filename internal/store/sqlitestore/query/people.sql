SELECT p.id, p.login, p.email, p.name
FROM people p
JOIN terms c ON c.id = p.connection
WHERE c.kind = 'connection' AND c.key = ?

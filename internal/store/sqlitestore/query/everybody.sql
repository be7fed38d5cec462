SELECT c.key, p.id, p.login, p.email, p.name
FROM people p
JOIN terms c ON c.id = p.connection
ORDER BY c.key, p.id

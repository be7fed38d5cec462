SELECT c.key, s.key, s.name, s.type, s.position
FROM statuses s
JOIN terms c ON c.id = s.connection
ORDER BY c.key, s.key

SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE (connection, number) > (?1, ?2)
ORDER BY connection, number
LIMIT ?3

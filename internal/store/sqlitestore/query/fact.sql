SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE number = ?1

SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE repository_key <> '' AND repository_key = ?2 AND kind = ?1 AND connection = ?3

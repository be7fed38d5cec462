INSERT OR REPLACE INTO facts (number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body, repository_key, service_key, environment_key)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)

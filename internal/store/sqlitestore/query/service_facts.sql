SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE repository_key <> '' AND repository_key IN (SELECT value FROM json_each(?1)) AND (kind = 'deployment' OR flag)
UNION ALL
SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE service_key <> '' AND service_key IN (SELECT value FROM json_each(?2)) AND kind = 'deployment'
  AND repository_key NOT IN (SELECT value FROM json_each(?1))
UNION ALL
SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE kind = 'incident' AND NOT flag
UNION ALL
SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE kind IN ('error_group', 'release') AND NOT flag AND project IN (SELECT value FROM json_each(?3))

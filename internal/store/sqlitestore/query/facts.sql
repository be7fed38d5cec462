-- Without keys and projects, of any.
SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE kind = ?1 AND at >= ?2 AND at < ?3 AND (at, number) < (?4, ?5)
  AND (?6 IS NULL OR connection IN (SELECT value FROM json_each(?6)))
  AND (?7 OR repository_key <> '' AND repository_key IN (SELECT value FROM json_each(?8))
          OR service_key <> '' AND service_key IN (SELECT value FROM json_each(?9))
          OR project <> '' AND project IN (SELECT value FROM json_each(?10)))
  AND (?11 IS NULL OR environment_key IN (SELECT value FROM json_each(?11)))
  AND (?12 IS NULL OR flag = ?12)
ORDER BY at DESC, number DESC
LIMIT ?13

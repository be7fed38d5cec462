SELECT number, kind, connection, id, repository, service, environment, project, at, until, flag, state, body
FROM facts
WHERE kind = 'ticket' AND (at >= ?1 AND at < ?2 OR until >= ?1 AND until < ?2)
  AND (?3 IS NULL OR connection IN (SELECT value FROM json_each(?3)))
  AND (?4 IS NULL OR project IN (SELECT value FROM json_each(?4)))
ORDER BY at DESC, number DESC
LIMIT ?5

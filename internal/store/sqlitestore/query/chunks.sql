SELECT service, environment, part, month, sum, body
FROM dora_chunks
WHERE (?1 IS NULL OR service IN (SELECT value FROM json_each(?1)))
  AND (?2 IS NULL OR environment IN (SELECT value FROM json_each(?2)))
  AND part IN (SELECT value FROM json_each(?3))
  AND (month = 0 OR month BETWEEN ?4 AND ?5)
ORDER BY service, environment, part, month

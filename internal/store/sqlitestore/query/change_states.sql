SELECT id, state
FROM facts
WHERE repository_key <> '' AND repository_key = ?2 AND kind = 'change' AND connection = ?1

SELECT max(repository)
FROM facts
WHERE kind = 'deployment' AND connection = ?1 AND repository <> ''
GROUP BY repository_key
ORDER BY 1

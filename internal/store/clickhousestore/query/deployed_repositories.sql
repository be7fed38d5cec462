SELECT max(repository)
FROM facts FINAL
WHERE kind = 'deployment' AND connection = @connection AND repository <> ''
GROUP BY repository_key
ORDER BY repository_key

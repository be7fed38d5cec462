SELECT id, key
FROM issues
WHERE connection = (SELECT id FROM terms WHERE kind = 'connection' AND key = ?) AND gone = 0
ORDER BY id

SELECT connection, queue, type, count(*)
FROM flow
WHERE generation = (SELECT id FROM generations WHERE stage = 'current')
GROUP BY connection, queue, type

-- Read by sqlite.Scan.
SELECT scan_rows(?1, connection, queue, type, resolution)
FROM flow
WHERE generation = (SELECT id FROM generations WHERE stage = 'current')

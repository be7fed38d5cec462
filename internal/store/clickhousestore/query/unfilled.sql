SELECT issue, connection, queue, type, resolution, created_at, statuses, starts
FROM flow FINAL
WHERE generation = @generation AND issue >= @next
ORDER BY issue
LIMIT @limit

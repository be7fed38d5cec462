SELECT id, ordinal, at, type, transport, actor, from_status, to_status, from_started_at, to_started_at, moved, fields
FROM events
WHERE issue = ?

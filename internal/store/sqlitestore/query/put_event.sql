INSERT INTO events (issue, id, ordinal, at, type, transport, actor, from_status, to_status,
                    from_started_at, to_started_at, moved, fields)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (issue, id) DO UPDATE SET
    ordinal = excluded.ordinal,
    at = excluded.at,
    type = excluded.type,
    transport = excluded.transport,
    actor = excluded.actor,
    from_status = excluded.from_status,
    to_status = excluded.to_status,
    from_started_at = excluded.from_started_at,
    to_started_at = excluded.to_started_at,
    moved = excluded.moved,
    fields = excluded.fields

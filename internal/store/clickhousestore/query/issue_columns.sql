issue, connection, id, key, queue, type, status, resolution, title, version,
       created_at, updated_at, resolved_at, status_started_at, moved_at,
       moved_by_id, moved_by_key, moved_by_name, former_keys, details

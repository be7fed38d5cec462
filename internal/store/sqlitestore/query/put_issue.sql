INSERT INTO issues (connection, queue, type, status, resolution, id, key, version, created_at, updated_at,
                    resolved_at, status_started_at, fingerprint, full_changelog, gone, title, details)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (connection, id) DO UPDATE SET
    queue = excluded.queue,
    type = excluded.type,
    status = excluded.status,
    resolution = excluded.resolution,
    key = excluded.key,
    version = excluded.version,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    resolved_at = excluded.resolved_at,
    status_started_at = excluded.status_started_at,
    fingerprint = excluded.fingerprint,
    full_changelog = excluded.full_changelog,
    gone = excluded.gone,
    title = excluded.title,
    details = excluded.details

SELECT pk, queue, type, status, resolution, key, version, created_at, updated_at, resolved_at,
       status_started_at, fingerprint, full_changelog, gone, title, details
FROM issues
WHERE connection = ? AND id = ?

INSERT OR REPLACE INTO flow (generation, issue, connection, queue, type, resolution,
                             created_at, first_active_at, closed_at, reopen_count)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

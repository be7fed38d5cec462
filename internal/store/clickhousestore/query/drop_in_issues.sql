-- The issues of a connection that were written since, gone ones among them, with
-- the flow that answers come from.
SELECT i.issue, i.connection, i.id, i.key, i.queue, i.type, i.status, i.resolution, i.title, i.version,
       i.created_at, i.updated_at, i.resolved_at, i.status_started_at, i.moved_at,
       i.moved_by_id, i.moved_by_key, i.moved_by_name, i.former_keys, i.details,
       i.events, i.event_count, i.last_event_id, i.last_ordinal, i.full_changelog, i.fingerprint, i.gone, i.tagged,
       f.created_at, f.first_active_at, f.closed_at, f.reopen_count
FROM (
    SELECT {{template "issue_columns.sql"}},
           events, event_count, last_event_id, last_ordinal, full_changelog, fingerprint, gone, tagged
    FROM issues FINAL
    WHERE connection = @connection AND written > @position
) AS i
LEFT JOIN (
    SELECT issue, created_at, first_active_at, closed_at, reopen_count
    FROM flow FINAL
    WHERE generation = @generation AND connection = @connection
) AS f ON f.issue = i.issue

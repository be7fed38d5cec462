SELECT id, key, queue, version, updated_at, status_started_at, status, fingerprint, full_changelog, gone,
       event_count, last_event_id, last_ordinal
FROM issues FINAL
WHERE issue IN (SELECT issue FROM numbers WHERE connection = @connection AND id IN @ids)

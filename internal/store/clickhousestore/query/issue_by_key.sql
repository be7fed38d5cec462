-- A current key wins over a former one; of several issues, the one changed last.
SELECT {{template "issue_columns.sql"}},
       events, event_count, last_event_id, last_ordinal, full_changelog, fingerprint, gone, tagged
FROM issues FINAL
WHERE issue IN (SELECT issue FROM keys WHERE key = @key) AND NOT gone AND (key = @key OR has(former_keys, @key))
ORDER BY key = @key DESC, updated_at DESC, issue
LIMIT 1

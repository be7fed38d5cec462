-- A range of numbers: the rest of the table is not looked at.
SELECT {{template "issue_columns.sql"}},
       events, event_count, last_event_id, last_ordinal, full_changelog, fingerprint, gone, tagged
FROM issues FINAL
WHERE issue > @after AND issue <= @until
ORDER BY issue

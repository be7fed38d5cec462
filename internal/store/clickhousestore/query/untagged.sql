-- The next issues whose tags may be told by what is stored of them.
SELECT issue
FROM issues FINAL
WHERE issue >= @next AND NOT gone AND full_changelog AND (position(events, '"tags"') > 0 OR position(details, '"tags"') > 0)
ORDER BY issue
LIMIT @limit

-- Issues whose events are to be looked at: two stays begin at one instant, or one that
-- may have begun in the range was entered by no event. An event enters a stay unless
-- it is the first and leaves no status: then it is the creation itself.
SELECT i.issue, i.status, i.created_at, i.updated_at, i.status_started_at, i.events
FROM (
    SELECT issue, status, created_at, updated_at, status_started_at, events,
           countSubstrings(events, '"transition":true,"from":') AS moves, countSubstrings(events, '"transition":true,"to":') AS creations
    FROM issues FINAL
    WHERE issue IN (SELECT issue FROM (
{{template "odd_flow.sql" .}}
    ))
) AS i
INNER JOIN (
{{template "odd_flow.sql" .}}
) AS f ON f.issue = i.issue
WHERE f.even OR f.stays != 1 + i.moves OR i.creations > 1

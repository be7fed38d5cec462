-- Per status, and per status and place (which tells where most of them are).
WITH {{template "given.sql" .}},
     {{template "quantiles.sql"}}
SELECT grouping(connection) = 1 AS whole, status, connection, queue, count(), quantiles
FROM (
{{template "stays.sql" .}}
)
GROUP BY GROUPING SETS ((status), (status, connection, queue))

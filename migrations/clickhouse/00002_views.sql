-- For people who write their own SQL: what counts now, without duplicates. Times
-- are DateTime64 in UTC, NULL when not known.

-- +goose Up
CREATE OR REPLACE VIEW current_issues {{on}} AS
SELECT i.connection, i.id, i.key, i.queue, i.type, i.status, i.resolution, i.title,
       fromUnixTimestamp64Milli(i.created_at, 'UTC') AS created_at,
       fromUnixTimestamp64Milli(i.updated_at, 'UTC') AS updated_at,
       if(f.first_active_at = 0, NULL, fromUnixTimestamp64Milli(f.first_active_at, 'UTC')) AS first_active_at,
       if(f.closed_at = 0, NULL, fromUnixTimestamp64Milli(f.closed_at, 'UTC')) AS closed_at,
       f.reopen_count AS reopen_count, i.details AS details
FROM issues AS i FINAL
INNER JOIN flow AS f FINAL ON f.issue = i.issue
WHERE f.generation = (SELECT JSONExtractUInt(argMax(doc, written), 'current') FROM state) AND NOT i.gone;

CREATE OR REPLACE VIEW current_periods {{on}} AS
SELECT f.connection AS connection, i.id AS id, i.key AS key, f.queue AS queue, status,
       ['waiting', 'active', 'closed'][class + 1] AS class,
       fromUnixTimestamp64Milli(start, 'UTC') AS started_at,
       if(finish = 0, NULL, fromUnixTimestamp64Milli(finish, 'UTC')) AS ended_at
FROM (
    SELECT issue, connection, queue, status, class, start, finish
    FROM flow FINAL
    ARRAY JOIN statuses AS status, classes AS class, starts AS start, arrayPushBack(arrayPopFront(starts), 0) AS finish
    WHERE generation = (SELECT JSONExtractUInt(argMax(doc, written), 'current') FROM state)
) AS f
INNER JOIN (SELECT issue, id, key FROM issues FINAL WHERE NOT gone) AS i ON i.issue = f.issue;

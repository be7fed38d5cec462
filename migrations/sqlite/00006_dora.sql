-- Deployments, changes, incidents and tickets, and what is derived of them.

-- +goose Up
CREATE TABLE facts (
    number      INTEGER PRIMARY KEY, -- delivery.FactNumber
    kind        TEXT    NOT NULL,
    connection  TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    repository  TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    project     TEXT    NOT NULL,
    -- The same three in lower case, to be found by.
    repository_key  TEXT NOT NULL,
    service_key     TEXT NOT NULL,
    environment_key TEXT NOT NULL,
    at          INTEGER NOT NULL, -- by which it is listed
    until       INTEGER NOT NULL,
    flag        INTEGER NOT NULL, -- a change was merged, an incident is gone
    state       INTEGER NOT NULL,
    body        TEXT    NOT NULL  -- JSON
) STRICT;
CREATE INDEX facts_listed ON facts (kind, at, number);
CREATE INDEX facts_of_repositories ON facts (repository_key, kind) WHERE repository_key <> '';
CREATE INDEX facts_of_services ON facts (service_key, kind) WHERE service_key <> '';
-- All that facets are counted from: the table itself is many times as large.
CREATE INDEX facts_facets ON facts (kind, repository_key, repository, service_key, service, environment_key, environment, project, flag);
CREATE INDEX facts_by_connection ON facts (connection, number);

-- Keys whose facts changed since they were derived. The number is another one each
-- time.
CREATE TABLE dora_touched (
    kind   TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- What services were derived by.
CREATE TABLE dora_services (
    service TEXT NOT NULL PRIMARY KEY,
    setup   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows as delivery wrote them.
CREATE TABLE dora_chunks (
    service     TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    part        TEXT    NOT NULL,
    month       INTEGER NOT NULL,
    sum         INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX dora_chunks_by_key ON dora_chunks (service, environment, part, month);

-- +goose Up

-- Instants are Unix milliseconds, 0 when not known. No row holds the time at
-- which it was written: the same facts make the same rows, whenever they come.

-- Texts that are filtered and grouped by, as small integers. The name is the
-- newest one that a source gave, by the source's own clock.
CREATE TABLE terms (
    id      INTEGER PRIMARY KEY,
    kind    TEXT    NOT NULL, -- connection, queue, type, status, resolution, event, transport
    key     TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    seen_at INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;

-- People and statuses named by events, exactly as they were named.
CREATE TABLE refs (
    id        INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    name      TEXT NOT NULL,
    UNIQUE (source_id, key, name)
) STRICT;

-- The sources' dictionaries of statuses.
CREATE TABLE statuses (
    connection INTEGER NOT NULL, -- terms.id
    key        TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (connection, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE issues (
    pk                INTEGER PRIMARY KEY,
    connection        INTEGER NOT NULL, -- terms.id, like the next four
    queue             INTEGER NOT NULL,
    type              INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    resolution        INTEGER NOT NULL,
    id                TEXT    NOT NULL,
    key               TEXT    NOT NULL,
    version           INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    resolved_at       INTEGER NOT NULL,
    status_started_at INTEGER NOT NULL,
    fingerprint       INTEGER NOT NULL,
    full_changelog    INTEGER NOT NULL,
    gone              INTEGER NOT NULL,
    title             TEXT    NOT NULL,
    details           TEXT    NOT NULL, -- JSON: what no query asks for
    UNIQUE (connection, id)
) STRICT;
CREATE INDEX issues_by_key ON issues (key);

-- Former keys of issues, from the source and from their own former rows.
CREATE TABLE aliases (
    key   TEXT    NOT NULL,
    issue INTEGER NOT NULL,
    PRIMARY KEY (key, issue)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_issue ON aliases (issue);

-- The changelog. An event without a transition has NULL in to_status.
CREATE TABLE events (
    issue           INTEGER NOT NULL,
    id              TEXT    NOT NULL,
    ordinal         INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    type            INTEGER NOT NULL, -- terms.id
    transport       INTEGER NOT NULL, -- terms.id
    actor           INTEGER NOT NULL, -- refs.id, 0 for none, like the next two
    from_status     INTEGER,
    to_status       INTEGER,
    from_started_at INTEGER NOT NULL,
    to_started_at   INTEGER NOT NULL,
    moved           INTEGER NOT NULL,
    fields          TEXT,             -- JSON, NULL unless the full changelog is kept
    PRIMARY KEY (issue, id)
) STRICT, WITHOUT ROWID;

-- Derived from the events of issues that are not gone; does not depend on what
-- statuses mean. An issue's periods are written and read together, so they are
-- one value: for each, two varints, the status's terms.id doubled, plus 1 when
-- it is inferred, and the milliseconds since the start of the period before. A
-- period ends where the next one starts.
CREATE TABLE histories (
    issue    INTEGER PRIMARY KEY,
    moved_at INTEGER NOT NULL,
    moved_by INTEGER NOT NULL, -- refs.id, 0 when not known
    periods  BLOB    NOT NULL
) STRICT;

-- Derived from histories and the classes of statuses, once per generation: while
-- changed classes are being worked in, answers come from the generation before.
CREATE TABLE flow (
    generation      INTEGER NOT NULL,
    issue           INTEGER NOT NULL,
    connection      INTEGER NOT NULL, -- as in issues, like the next three
    queue           INTEGER NOT NULL,
    type            INTEGER NOT NULL,
    resolution      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    first_active_at INTEGER NOT NULL,
    closed_at       INTEGER NOT NULL,
    reopen_count    INTEGER NOT NULL,
    PRIMARY KEY (generation, issue)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_by_close ON flow (generation, closed_at, connection, queue, type, resolution, first_active_at, issue)
    WHERE closed_at > 0;
CREATE INDEX flow_by_creation ON flow (generation, created_at, issue, closed_at, connection, queue, type);

-- What the flow rows of a generation were, or are being, derived with.
CREATE TABLE generations (
    id         INTEGER PRIMARY KEY,
    stage      TEXT    NOT NULL CHECK (stage IN ('current', 'filling', 'dropped')),
    workflow   TEXT    NOT NULL, -- JSON
    types      TEXT    NOT NULL, -- JSON: connection → status key → type
    next_issue INTEGER NOT NULL  -- issues before it have been derived
) STRICT;
CREATE UNIQUE INDEX generations_in_use ON generations (stage) WHERE stage <> 'dropped';

CREATE TABLE state (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL -- grows with every change
) STRICT;

INSERT INTO generations (id, stage, workflow, types, next_issue) VALUES (1, 'current', '{}', '{}', 0);
INSERT INTO state (one, version) VALUES (1, 1);

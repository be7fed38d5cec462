-- Received hooks and pushes. Times are Unix milliseconds, 0 when there is none.

-- +goose Up

-- Identifiers are never reused: pages link to them.
CREATE TABLE entries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    connection  TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    token       TEXT    NOT NULL, -- its name
    key         TEXT    NOT NULL, -- '': it has none
    received_at INTEGER NOT NULL,
    bytes       INTEGER NOT NULL, -- of the body as it was received
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'failed', 'refused', 'ignored')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    retry_at    INTEGER NOT NULL DEFAULT 0, -- of one that waits
    outcome     TEXT    NOT NULL DEFAULT '',
    error       TEXT    NOT NULL DEFAULT '',
    done_at     INTEGER NOT NULL DEFAULT 0, -- 0 exactly as long as it waits
    pruned      INTEGER NOT NULL DEFAULT 0, -- 1: it has no row in bodies
    CHECK ((state = 'waiting') = (done_at = 0))
) STRICT;

-- Apart, so that a change of state does not write the body again.
CREATE TABLE bodies (
    entry_id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
    body     BLOB    NOT NULL -- zstd
) STRICT;

CREATE UNIQUE INDEX entries_key ON entries (kind, connection, key) WHERE key <> '';
-- Those that wait, with their times, and the lists by each of the filters.
CREATE INDEX entries_state ON entries (state, id, retry_at);
CREATE INDEX entries_connection ON entries (connection, id, state);
CREATE INDEX entries_token ON entries (token);
CREATE INDEX entries_kind ON entries (kind);
-- What is pruned: bodies, rows without a key, and those only noted beyond the bound.
CREATE INDEX entries_body ON entries (state, done_at) WHERE done_at > 0 AND pruned = 0;
CREATE INDEX entries_keyless ON entries (done_at) WHERE done_at > 0 AND key = '';
CREATE INDEX entries_noted ON entries (connection, state) WHERE state IN ('refused', 'ignored');

-- How many entries there are, kept by triggers: keys stay for ever, and to
-- count them takes longer each year.
CREATE TABLE counts (
    connection TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    n          INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (connection, state)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    INSERT INTO counts VALUES (new.connection, new.state, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER entry_moved AFTER UPDATE OF state ON entries WHEN new.state <> old.state BEGIN
    UPDATE counts SET n = n - 1 WHERE connection = old.connection AND state = old.state;
    INSERT INTO counts VALUES (new.connection, new.state, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER entry_deleted AFTER DELETE ON entries BEGIN
    UPDATE counts SET n = n - 1 WHERE connection = old.connection AND state = old.state;
END;
-- +goose StatementEnd

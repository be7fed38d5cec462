-- What the program needs to run itself. Times are Unix milliseconds, 0 when
-- there is none; lists and objects are JSON.

-- +goose Up
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL UNIQUE, -- trimmed, lower case
    password_hash TEXT    NOT NULL,        -- argon2id
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'lead', 'viewer')),
    lang          TEXT    NOT NULL DEFAULT '',
    theme         TEXT    NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL
) STRICT;

-- At most one row, gone once there is a user.
CREATE TABLE setup_token (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token      TEXT    PRIMARY KEY, -- hashed by the session manager
    data       BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Identifiers are never reused: sealed secrets are bound to them.
CREATE TABLE connections (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    every_ms       INTEGER NOT NULL,
    settings       TEXT    NOT NULL,
    -- Counts changes of settings and secrets: a sync that began before one
    -- must not leave its cursor behind.
    revision       INTEGER NOT NULL DEFAULT 1,
    provisioned    INTEGER NOT NULL DEFAULT 0,
    paused_code    TEXT    NOT NULL DEFAULT '',
    paused_message TEXT    NOT NULL DEFAULT '',
    paused_at      INTEGER NOT NULL DEFAULT 0,
    next_run_at    INTEGER NOT NULL DEFAULT 0, -- 0: at once
    failures       INTEGER NOT NULL DEFAULT 0, -- in a row
    cursor         TEXT,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE connection_secrets (
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (connection_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE syncs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    revision      INTEGER NOT NULL, -- of the connection, when the sync began
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER NOT NULL DEFAULT 0,
    state         TEXT    NOT NULL CHECK (state IN ('running', 'done', 'problems', 'failed', 'paused', 'interrupted')),
    progress      TEXT    NOT NULL DEFAULT '{}',
    progress_at   INTEGER NOT NULL DEFAULT 0, -- when it was last saved
    inserted      INTEGER NOT NULL DEFAULT 0,
    updated       INTEGER NOT NULL DEFAULT 0,
    unchanged     INTEGER NOT NULL DEFAULT 0,
    gone          INTEGER NOT NULL DEFAULT 0,
    problems      INTEGER NOT NULL DEFAULT 0, -- all, also those not kept
    error         TEXT    NOT NULL DEFAULT '',
    phrase        TEXT    NOT NULL DEFAULT '{}', -- JSON: the error in the message catalogue
    retry_at      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX syncs_connection ON syncs (connection_id, id);
CREATE UNIQUE INDEX syncs_running ON syncs (connection_id) WHERE state = 'running';

CREATE TABLE sync_problems (
    id      INTEGER PRIMARY KEY,
    sync_id INTEGER NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
    record  TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    message TEXT    NOT NULL,
    phrase  TEXT    NOT NULL -- JSON: the message in the message catalogue
) STRICT;
CREATE INDEX sync_problems_sync ON sync_problems (sync_id, id);

CREATE TABLE api_tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL UNIQUE,
    hash         BLOB    NOT NULL UNIQUE, -- SHA-256
    scopes       TEXT    NOT NULL,
    connection   TEXT    NOT NULL DEFAULT '',
    provisioned  INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Rows of one name are versions of one calendar.
CREATE TABLE calendars (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    from_date    TEXT    NOT NULL, -- YYYY-MM-DD, '' for the beginning of time
    zone         TEXT    NOT NULL,
    workdays     TEXT    NOT NULL,
    hours        TEXT    NOT NULL,
    holidays     TEXT    NOT NULL,
    days_off     TEXT    NOT NULL,
    working_days TEXT    NOT NULL,
    provisioned  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, from_date)
) STRICT;

-- At most one row: none until somebody chooses.
CREATE TABLE workflow (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    body        TEXT    NOT NULL,
    provisioned INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Changes in the same transaction as calendars and the workflow.
CREATE TABLE settings_version (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO settings_version (id, version) VALUES (1, 1);

CREATE TABLE audit_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    user_id INTEGER, -- none: the program itself or its provisioning file
    action  TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    before  TEXT, -- JSON without secrets
    after   TEXT
) STRICT;
CREATE INDEX audit_log_at ON audit_log (at);

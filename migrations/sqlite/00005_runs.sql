-- CI runs. Durations are milliseconds, -1 when not said.

-- +goose Up
CREATE TABLE runs (
    pk             INTEGER PRIMARY KEY,
    connection     INTEGER NOT NULL, -- terms.id, like the next four; 0 for none
    project        INTEGER NOT NULL,
    workflow       INTEGER NOT NULL,
    branch         INTEGER NOT NULL,
    default_branch INTEGER NOT NULL,
    id             TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    restarts       INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    started_at     INTEGER NOT NULL,
    finished_at    INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    duration       INTEGER NOT NULL,
    duration_e2e   INTEGER NOT NULL,
    details        TEXT    NOT NULL, -- JSON: what no query asks for
    UNIQUE (connection, project, id)
) STRICT;
CREATE INDEX runs_by_creation ON runs (created_at, pk);

CREATE TABLE run_jobs (
    run      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name     INTEGER NOT NULL, -- terms.id
    status   TEXT    NOT NULL,
    duration INTEGER NOT NULL,
    details  TEXT    NOT NULL, -- JSON
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_builds (
    run      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name     INTEGER NOT NULL, -- terms.id
    duration INTEGER NOT NULL,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

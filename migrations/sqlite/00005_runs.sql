-- CI runs. Durations are milliseconds, -1 when not said.

-- +goose Up
CREATE TABLE runs (
    pk             INTEGER PRIMARY KEY,
    connection     INTEGER NOT NULL, -- terms.id, like the next five; 0 for none
    project        INTEGER NOT NULL,
    workflow       INTEGER NOT NULL,
    branch         INTEGER NOT NULL,
    default_branch INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    id             TEXT    NOT NULL,
    restarts       INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    started_at     INTEGER NOT NULL,
    finished_at    INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    duration       INTEGER NOT NULL,
    duration_e2e   INTEGER NOT NULL,
    -- What is measured of the jobs and builds of a run, which are written and read
    -- together: for each of them three varints, terms.id of its name and of its
    -- status, 0 of a build, and the duration.
    jobs           BLOB    NOT NULL,
    builds         BLOB    NOT NULL,
    UNIQUE (connection, project, id)
) STRICT;
-- All that is asked of a run itself.
CREATE INDEX runs_by_creation ON runs (created_at, pk, connection, project, workflow, branch, default_branch, status,
                                       restarts, started_at, duration, duration_e2e);

-- What no number is made from, apart from what is: it is many times as large.
CREATE TABLE run_texts (
    run     INTEGER PRIMARY KEY,
    details TEXT    NOT NULL, -- JSON
    parts   TEXT    NOT NULL  -- JSON: jobs and builds as the source said them
) STRICT;

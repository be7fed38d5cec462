-- What deployments are read by. Bodies are JSON.

-- +goose Up
CREATE TABLE services (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL UNIQUE,
    body        TEXT    NOT NULL,
    provisioned INTEGER NOT NULL DEFAULT 0
) STRICT;

-- None until somebody chooses.
CREATE TABLE dora_rules (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    body TEXT    NOT NULL
) STRICT;

-- What people say of deployments: one for each deployment and incident.
CREATE TABLE verdicts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    service    TEXT    NOT NULL,
    deployment TEXT    NOT NULL,            -- of the group
    incident   TEXT    NOT NULL DEFAULT '', -- connection/id; '' for the deployment itself
    decision   TEXT    NOT NULL,
    note       TEXT    NOT NULL DEFAULT '',
    decided_by TEXT    NOT NULL,
    decided_at INTEGER NOT NULL,
    UNIQUE (service, deployment, incident)
) STRICT;

-- Where the teams of repositories are looked up besides, whose they were when it
-- last answered, '' for nobody's, and what was wrong with it since, if anything.
CREATE TABLE catalog (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    endpoint    TEXT    NOT NULL,
    annotation  TEXT    NOT NULL,
    token       BLOB, -- sealed; none when it needs none
    provisioned INTEGER NOT NULL DEFAULT 0,
    fault       TEXT    NOT NULL DEFAULT '',
    asked_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE catalog_owners (
    repository TEXT    NOT NULL PRIMARY KEY, -- in small letters
    owner      TEXT    NOT NULL,
    asked_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the counters of dora-exporter came to, so that they never fall: what its
-- snapshot said when it was taken over, and the most that was ever shown here.
CREATE TABLE dora_counters (
    family   TEXT    NOT NULL,
    labels   TEXT    NOT NULL, -- JSON: values in the order of the family's labels
    taken    REAL    NOT NULL DEFAULT 0,
    taken_at INTEGER NOT NULL DEFAULT 0, -- 0: nothing was
    shown    REAL    NOT NULL DEFAULT 0,
    PRIMARY KEY (family, labels)
) STRICT, WITHOUT ROWID;

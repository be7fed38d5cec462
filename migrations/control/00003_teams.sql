-- Teams, and what statuses mean over time. Lists and objects are JSON.

-- +goose Up
CREATE TABLE teams (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL UNIQUE,
    calendar    TEXT    NOT NULL DEFAULT '', -- name; '' for the default one
    patterns    TEXT    NOT NULL,            -- by kind of what they match
    provisioned INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE team_members (
    team_id INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_members_user ON team_members (user_id);

-- None until somebody chooses. What stood before is the first version.
CREATE TABLE workflow_versions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    from_date   TEXT    NOT NULL UNIQUE, -- YYYY-MM-DD, '' for the beginning of time
    body        TEXT    NOT NULL,
    provisioned INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO workflow_versions (from_date, body, provisioned) SELECT '', body, provisioned FROM workflow;
DROP TABLE workflow;

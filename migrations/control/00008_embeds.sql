-- Charts that are shown without a login, by an address of their own. filter is a
-- query, frame_ancestors and drill are JSON lists; expires is a day, '' for never.
-- A row that was revoked stays, so that its address can be told from one that never was.

-- +goose Up
CREATE TABLE embeds (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT    NOT NULL,
    hash            BLOB    NOT NULL UNIQUE,
    panel           TEXT    NOT NULL,
    filter          TEXT    NOT NULL,
    frame_ancestors TEXT    NOT NULL,
    theme           TEXT    NOT NULL,
    lang            TEXT    NOT NULL,
    titled          INTEGER NOT NULL,
    named           INTEGER NOT NULL,
    drill           TEXT    NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    expires         TEXT    NOT NULL,
    provisioned     INTEGER NOT NULL,
    created_by      INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_email   TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    revoked_at      INTEGER NOT NULL DEFAULT 0,
    views           INTEGER NOT NULL DEFAULT 0,
    last_used_at    INTEGER NOT NULL DEFAULT 0,
    last_referrer   TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX embeds_name ON embeds (name) WHERE revoked_at = 0;

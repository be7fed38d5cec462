-- Who may sign in, and how they come to: roles, links that are good for one
-- use, and what of it is written down.

-- +goose Up

-- Grows when a user is signed out everywhere; a session holds the number it
-- began with.
ALTER TABLE users ADD COLUMN sign_outs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN last_seen_at INTEGER NOT NULL DEFAULT 0;

-- Links by which a password is chosen: of somebody new, or of a user (user_id).
-- Those that are used up stay for a while, to be able to say so.
CREATE TABLE invites (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    email      TEXT    NOT NULL, -- trimmed, lower case
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'lead', 'viewer')),
    user_id    INTEGER REFERENCES users (id) ON DELETE SET NULL,
    reset      INTEGER NOT NULL DEFAULT 0, -- 1: of a user, who may be gone by now
    hash       BLOB    NOT NULL UNIQUE,    -- SHA-256
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL DEFAULT 0,
    revoked_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX invites_email ON invites (email);
CREATE INDEX invites_user ON invites (user_id);

-- Switches of the whole installation; one that is not here is as it was made.
CREATE TABLE options (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The name outlives the user.
ALTER TABLE audit_log ADD COLUMN email TEXT NOT NULL DEFAULT '';
UPDATE audit_log SET email = coalesce((SELECT email FROM users WHERE users.id = audit_log.user_id), '');
CREATE INDEX audit_log_user ON audit_log (user_id, id);

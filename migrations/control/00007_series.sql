-- Charts of custom series that people keep. Queries are a JSON list of texts.

-- +goose Up
CREATE TABLE series_panels (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    queries    TEXT    NOT NULL,
    range      TEXT    NOT NULL,
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

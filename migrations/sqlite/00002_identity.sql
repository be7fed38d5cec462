-- What tells this file from any other: a cursor is of use only with the facts
-- that were stored up to it.

-- +goose Up
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT    NOT NULL
) STRICT;
INSERT INTO identity (one, id) VALUES (1, lower(hex(randomblob(16))));

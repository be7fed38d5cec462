-- Which fact store the cursors of connections belong to; no row before the
-- first start that asked.

-- +goose Up
CREATE TABLE facts (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    identity TEXT    NOT NULL
) STRICT;

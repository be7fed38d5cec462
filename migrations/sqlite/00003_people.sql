-- Who the sources' people are: facts name them by id.

-- +goose Up
CREATE TABLE people (
    connection INTEGER NOT NULL, -- terms.id
    id         TEXT    NOT NULL,
    login      TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    PRIMARY KEY (connection, id)
) STRICT, WITHOUT ROWID;

-- Where a connection's first pull begins when that was imported from another
-- program: the cursor until a sync has moved it, and again with a new fact store.

-- +goose Up
ALTER TABLE connections ADD COLUMN start TEXT;

-- How far a copy into this file has got: "" when none is under way.

-- +goose Up
ALTER TABLE state ADD COLUMN mark TEXT NOT NULL DEFAULT '';

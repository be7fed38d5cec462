-- Custom series. Times are Unix milliseconds.

-- +goose Up
CREATE TABLE series (
    pk     INTEGER PRIMARY KEY AUTOINCREMENT,
    id     INTEGER NOT NULL UNIQUE, -- delivery.SeriesKey.ID
    metric TEXT    NOT NULL,
    tags   TEXT    NOT NULL,        -- delivery.EncodeTags
    token  TEXT    NOT NULL         -- that it first came with
) STRICT;
CREATE INDEX series_of_metric ON series (metric);

CREATE TABLE points (
    series INTEGER NOT NULL, -- series.pk
    at     INTEGER NOT NULL,
    value  REAL    NOT NULL,
    PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

-- What the points of an hour come to; of a sealed one they are gone.
CREATE TABLE series_hours (
    series INTEGER NOT NULL, -- series.pk
    hour   INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    sum    REAL    NOT NULL,
    min    REAL    NOT NULL,
    max    REAL    NOT NULL,
    first  REAL    NOT NULL,
    last   REAL    NOT NULL,
    sealed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX series_hours_sealed ON series_hours (hour) WHERE sealed = 1;

-- Hours that points came of, when the last of them did, and whether they are to be
-- rolled up, once more perhaps.
CREATE TABLE point_hours (
    hour       INTEGER PRIMARY KEY,
    touched_at INTEGER NOT NULL,
    stale      INTEGER NOT NULL
) STRICT;

-- Custom series: their points, and what these come to by the hour.

-- +goose Up
CREATE TABLE IF NOT EXISTS {{local "series"}} {{on}} (
    metric LowCardinality(String),
    id     Int64,  -- delivery.SeriesKey.ID
    tags   String CODEC(ZSTD(1)), -- delivery.EncodeTags
    token  LowCardinality(String) -- that it first came with
) ENGINE = {{replacing "series" ""}} ORDER BY (metric, id);

{{distributed "series" "id"}}

-- A partition is a week, from Monday on.
CREATE TABLE IF NOT EXISTS {{local "points"}} {{on}} (
    day     Int32 CODEC(Delta, ZSTD(1)), -- since 1970, UTC
    series  Int64 CODEC(Delta, ZSTD(1)),
    at      Int64 CODEC(DoubleDelta, ZSTD(1)),
    value   Float64 CODEC(Gorilla, ZSTD(1)),
    written Int64 CODEC(Delta, ZSTD(1)) -- when it was received
) ENGINE = {{replacing "points" "written"}} PARTITION BY intDiv(day + 3, 7) ORDER BY (day, series, at);

{{distributed "points" "series"}}

-- What the points of an hour come to; of a sealed one they are gone.
CREATE TABLE IF NOT EXISTS {{local "series_hours"}} {{on}} (
    series  Int64 CODEC(Delta, ZSTD(1)),
    hour    Int64 CODEC(Delta, ZSTD(1)),
    n       Int64 CODEC(Delta, ZSTD(1)),
    sum     Float64 CODEC(ZSTD(1)),
    min     Float64 CODEC(ZSTD(1)),
    max     Float64 CODEC(ZSTD(1)),
    first   Float64 CODEC(ZSTD(1)),
    last    Float64 CODEC(ZSTD(1)),
    sealed  Bool,
    written UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "series_hours" "written"}} ORDER BY (series, hour);

{{distributed "series_hours" "series"}}

-- Hours that points came of, when the last of them did, and whether they are to be
-- rolled up, once more perhaps.
CREATE TABLE IF NOT EXISTS {{local "point_hours"}} {{on}} (
    hour       Int64 CODEC(Delta, ZSTD(1)),
    touched_at Int64 CODEC(Delta, ZSTD(1)),
    stale      Bool,
    written    UInt64
) ENGINE = {{replacing "point_hours" "written"}} ORDER BY hour;

{{distributed "point_hours" "hour"}}

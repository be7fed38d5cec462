-- Every statement may run again after one that failed. Instants are Unix
-- milliseconds, 0 when not known. "written" grows with each batch: of the rows
-- that say the same thing, the one written last counts, and no row depends on the
-- time of day. In a cluster each table is a local one on every host with a
-- Distributed one over them, named like here.

-- +goose Up
-- What this store is, and the meanings that flow is derived with: JSON. The row
-- is written last of a batch, and makes it count.
CREATE TABLE IF NOT EXISTS {{local "state"}} {{on}} (
    one     UInt8,
    doc     String CODEC(ZSTD(1)),
    version Int64,
    written UInt64
) ENGINE = {{replacing "state" "written"}} ORDER BY one;

{{distributed "state" "one"}}

-- Which number an issue has: it is never given to another.
CREATE TABLE IF NOT EXISTS {{local "numbers"}} {{on}} (
    connection LowCardinality(String),
    id         String,
    issue      Int64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "numbers" ""}} ORDER BY (connection, id);

{{distributed "numbers" "cityHash64(connection, id)"}}

-- Keys that issues have or had.
CREATE TABLE IF NOT EXISTS {{local "keys"}} {{on}} (
    key   String,
    issue Int64
) ENGINE = {{replacing "keys" ""}} ORDER BY (key, issue);

{{distributed "keys" "cityHash64(key)"}}

-- The newest names of what is filtered and grouped by, by the source's clock.
CREATE TABLE IF NOT EXISTS {{local "terms"}} {{on}} (
    kind    LowCardinality(String), -- queue, type, status, resolution
    key     String,
    name    String,
    seen_at Int64,
    written UInt64
) ENGINE = {{replacing "terms" "written"}} ORDER BY (kind, key);

{{distributed "terms" "cityHash64(kind, key)"}}

-- The sources' dictionaries of statuses.
CREATE TABLE IF NOT EXISTS {{local "statuses"}} {{on}} (
    connection LowCardinality(String),
    key        String,
    name       String,
    type       LowCardinality(String),
    position   Int64,
    written    UInt64
) ENGINE = {{replacing "statuses" "written"}} ORDER BY (connection, key);

{{distributed "statuses" "cityHash64(connection, key)"}}

-- The people whom the sources have told of.
CREATE TABLE IF NOT EXISTS {{local "people"}} {{on}} (
    connection LowCardinality(String),
    id         String,
    login      String,
    email      String,
    name       String,
    written    UInt64
) ENGINE = {{replacing "people" "written"}} ORDER BY (connection, id);

{{distributed "people" "cityHash64(connection, id)"}}

-- How far the drop-in tables of a connection are written, and by what settings.
CREATE TABLE IF NOT EXISTS {{local "drop_in"}} {{on}} (
    connection LowCardinality(String),
    target     String,
    settings   String,
    position   UInt64, -- "written" of the newest issue in them
    written    UInt64
) ENGINE = {{replacing "drop_in" "written"}} ORDER BY (connection, target);

{{distributed "drop_in" "cityHash64(connection, target)"}}

-- Issues as the source said them, each with its whole changelog, so that both
-- are replaced at once.
CREATE TABLE IF NOT EXISTS {{local "issues"}} {{on}} (
    issue             Int64 CODEC(Delta, ZSTD(1)), -- numbers.issue
    connection        LowCardinality(String),
    id                String,
    key               String,
    queue             LowCardinality(String),
    type              LowCardinality(String), -- keys, like the next two
    status            LowCardinality(String),
    resolution        LowCardinality(String),
    title             String CODEC(ZSTD(1)),
    version           Int64,
    created_at        Int64 CODEC(Delta, ZSTD(1)),
    updated_at        Int64 CODEC(Delta, ZSTD(1)),
    resolved_at       Int64 CODEC(Delta, ZSTD(1)),
    status_started_at Int64 CODEC(Delta, ZSTD(1)),
    moved_at          Int64 CODEC(Delta, ZSTD(1)),
    moved_by_id       String,
    moved_by_key      String,
    moved_by_name     String,
    former_keys       Array(String),
    details           String CODEC(ZSTD(1)), -- JSON: what no query asks for
    events            String CODEC(ZSTD(1)), -- JSON: the changelog, by ordinal
    event_count       UInt32,
    last_event_id     String,
    last_ordinal      Int64,
    full_changelog    Bool,
    fingerprint       UInt64,
    gone              Bool,
    written           UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "issues" "written"}} ORDER BY issue;

{{distributed "issues" "issue"}}

-- Derived: the stays of an issue in its statuses, contiguous, with the class of
-- each, and what follows from them; once per generation of classes, so that
-- changed ones are worked in beside those that answers come from. It repeats of
-- its issue what is filtered by.
CREATE TABLE IF NOT EXISTS {{local "flow"}} {{on}} (
    generation      UInt32,
    issue           Int64 CODEC(Delta, ZSTD(1)),
    connection      LowCardinality(String),
    queue           LowCardinality(String),
    type            LowCardinality(String),
    resolution      LowCardinality(String),
    created_at      Int64 CODEC(Delta, ZSTD(1)),
    first_active_at Int64 CODEC(Delta, ZSTD(1)),
    closed_at       Int64 CODEC(Delta, ZSTD(1)),
    reopen_count    UInt32,
    statuses        Array(LowCardinality(String)),
    starts          Array(Int64) CODEC(Delta, ZSTD(1)),
    classes         Array(UInt8), -- 0 waiting, 1 active, 2 closed
    gone            UInt8,
    written         UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "flow" "written, gone"}} PARTITION BY generation ORDER BY (generation, issue);

{{distributed "flow" "issue"}}

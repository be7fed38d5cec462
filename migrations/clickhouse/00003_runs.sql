-- CI runs. Durations are milliseconds, -1 when not said.

-- +goose Up
-- Which number a run has: it is never given to another.
CREATE TABLE IF NOT EXISTS {{local "run_numbers"}} {{on}} (
    connection LowCardinality(String),
    project    LowCardinality(String),
    id         String,
    run        Int64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "run_numbers" ""}} ORDER BY (connection, project, id);

{{distributed "run_numbers" "cityHash64(connection, project, id)"}}

-- Runs as the source said them, each with its jobs and builds, so that all of it
-- is replaced at once. What is measured of these is in arrays, too.
CREATE TABLE IF NOT EXISTS {{local "runs"}} {{on}} (
    run             Int64 CODEC(Delta, ZSTD(1)), -- run_numbers.run
    connection      LowCardinality(String),
    project         LowCardinality(String),
    workflow        LowCardinality(String),
    branch          LowCardinality(String),
    default_branch  LowCardinality(String),
    id              String,
    status          LowCardinality(String),
    restarts        Bool,
    attempt         Int64,
    created_at      Int64 CODEC(Delta, ZSTD(1)),
    started_at      Int64 CODEC(Delta, ZSTD(1)),
    finished_at     Int64 CODEC(Delta, ZSTD(1)),
    updated_at      Int64 CODEC(Delta, ZSTD(1)),
    duration        Int64,
    duration_e2e    Int64,
    job_names       Array(LowCardinality(String)),
    job_statuses    Array(LowCardinality(String)),
    job_durations   Array(Int64),
    build_names     Array(LowCardinality(String)),
    build_durations Array(Int64),
    details         String CODEC(ZSTD(1)), -- JSON: what no query asks for
    parts           String CODEC(ZSTD(1)), -- JSON: jobs and builds whole
    written         UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "runs" "written"}} ORDER BY run;

{{distributed "runs" "run"}}

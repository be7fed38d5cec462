-- Deployments, changes, incidents and tickets, and what is derived of them.

-- +goose Up
CREATE TABLE IF NOT EXISTS {{local "facts"}} {{on}} (
    kind            LowCardinality(String),
    repository_key  LowCardinality(String), -- in lower case, to be found by, like the next two
    number          Int64,                  -- delivery.FactNumber
    service_key     LowCardinality(String),
    environment_key LowCardinality(String),
    connection      LowCardinality(String),
    id              String,
    repository      LowCardinality(String),
    service         LowCardinality(String),
    environment     LowCardinality(String),
    project         LowCardinality(String),
    at              Int64 CODEC(Delta, ZSTD(1)), -- by which it is listed
    until           Int64 CODEC(Delta, ZSTD(1)),
    flag            Bool, -- a change was merged, an incident is gone
    state           Int64 CODEC(Delta, ZSTD(1)),
    body            String CODEC(ZSTD(1)), -- JSON
    written         UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "facts" "written"}} ORDER BY (kind, repository_key, number);

{{distributed "facts" "number"}}

-- Keys whose facts changed since they were derived. The number is another one each
-- time, and 0 once they were.
CREATE TABLE IF NOT EXISTS {{local "dora_touched"}} {{on}} (
    kind    LowCardinality(String),
    key     String,
    number  Int64,
    written UInt64
) ENGINE = {{replacing "dora_touched" "written"}} ORDER BY (kind, key);

{{distributed "dora_touched" "cityHash64(kind, key)"}}

-- What services were derived by.
CREATE TABLE IF NOT EXISTS {{local "dora_services"}} {{on}} (
    service String,
    setup   String,
    removed Bool,
    written UInt64
) ENGINE = {{replacing "dora_services" "written"}} ORDER BY service;

{{distributed "dora_services" "cityHash64(service)"}}

-- Rows as delivery wrote them.
CREATE TABLE IF NOT EXISTS {{local "dora_chunks"}} {{on}} (
    service     LowCardinality(String),
    environment LowCardinality(String),
    part        LowCardinality(String),
    month       Int32,
    sum         UInt64,
    body        String CODEC(ZSTD(1)),
    removed     Bool,
    written     UInt64 CODEC(Delta, ZSTD(1))
) ENGINE = {{replacing "dora_chunks" "written"}} ORDER BY (service, environment, part, month);

{{distributed "dora_chunks" "cityHash64(service, environment, part, month)"}}

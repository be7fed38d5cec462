-- What the server is, and what of ours it has.
SELECT version(),
       toBool((SELECT count() FROM system.databases WHERE name = @database) > 0),
       (SELECT count() FROM system.tables WHERE database = @database AND name = 'goose_db_version'),
       (SELECT count() FROM system.tables WHERE database = @database AND name = 'state'),
       (SELECT count() FROM system.clusters WHERE cluster = @cluster),
       (SELECT uniqExact(shard_num) FROM system.clusters WHERE cluster = @cluster)

SELECT count() FROM system.parts WHERE NOT active AND database = ? AND table = ? AND partition_id IN (?)

SELECT count() FROM system.parts WHERE active AND database = ? AND table = ? AND partition_id IN (?)

SELECT name, engine, as_select FROM system.tables WHERE database = ? AND name IN (?)

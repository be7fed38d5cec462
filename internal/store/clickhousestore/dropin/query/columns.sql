SELECT table, name, type, default_kind FROM system.columns WHERE database = ? AND table IN (?)

SELECT id, key FROM issues FINAL WHERE connection = @connection AND NOT gone ORDER BY id

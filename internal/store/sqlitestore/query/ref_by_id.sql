SELECT source_id, key, name FROM refs WHERE id = ?

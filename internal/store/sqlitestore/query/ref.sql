SELECT id FROM refs WHERE source_id = ? AND key = ? AND name = ?

INSERT OR REPLACE INTO dora_touched (kind, key, number) VALUES (?1, ?2, ?3)

INSERT INTO dora_chunks (service, environment, part, month, sum, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (service, environment, part, month) DO UPDATE SET sum = excluded.sum, body = excluded.body

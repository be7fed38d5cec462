DELETE FROM dora_chunks WHERE service = ?1 AND environment = ?2 AND part = ?3 AND month = ?4

DELETE FROM dora_chunks WHERE service = ?1

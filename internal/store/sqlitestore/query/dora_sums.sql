SELECT environment, part, month, sum FROM dora_chunks WHERE service = ?1

DELETE FROM dora_services WHERE service = ?1

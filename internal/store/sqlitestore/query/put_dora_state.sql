INSERT OR REPLACE INTO dora_services (service, setup) VALUES (?1, ?2)

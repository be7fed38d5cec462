SELECT service, setup FROM dora_services FINAL WHERE NOT removed

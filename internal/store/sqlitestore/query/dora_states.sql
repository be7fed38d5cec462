SELECT service, setup FROM dora_services

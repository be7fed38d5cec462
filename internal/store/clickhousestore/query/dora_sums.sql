SELECT service, environment, part, month, sum FROM dora_chunks FINAL WHERE service IN @services AND NOT removed

SELECT kind, key, number FROM dora_touched ORDER BY kind, key

SELECT kind, key, number FROM dora_touched FINAL WHERE number <> 0 ORDER BY kind, key

SELECT kind, key, name, seen_at FROM terms FINAL

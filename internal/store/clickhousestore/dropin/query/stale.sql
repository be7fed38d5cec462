SELECT count() FROM {table} WHERE {keys} AND {version} < {at}

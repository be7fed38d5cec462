DELETE FROM {table} WHERE {keys} AND {version} < {at}

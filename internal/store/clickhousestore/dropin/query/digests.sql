SELECT {key}, groupArray({digest}) FROM {table} WHERE {keys} GROUP BY {key}

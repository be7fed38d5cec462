INSERT INTO {copy} SELECT * FROM {table} WHERE _partition_id = {partition} AND NOT ({keys} AND {version} < {at})

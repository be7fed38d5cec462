SELECT _partition_id, count() FROM {table} WHERE {keys} AND {version} < {at} GROUP BY _partition_id ORDER BY _partition_id

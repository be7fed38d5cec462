SELECT count() FROM {table} WHERE _partition_id = {partition}

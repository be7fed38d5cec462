ALTER TABLE {table} REPLACE PARTITION ID {partition} FROM {copy}

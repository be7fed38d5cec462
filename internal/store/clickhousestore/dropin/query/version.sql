SELECT toUnixTimestamp64Milli(toDateTime64(max({column}), 3, 'UTC')), count() FROM {table}

SELECT toUnixTimestamp64Milli(toDateTime64(max({column}), 3, 'UTC')) FROM {table}

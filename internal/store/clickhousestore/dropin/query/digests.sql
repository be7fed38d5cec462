SELECT {key}, arrayStringConcat(groupArray(hex(reinterpretAsFixedString({digest})))) FROM {table} WHERE {keys} GROUP BY {key}

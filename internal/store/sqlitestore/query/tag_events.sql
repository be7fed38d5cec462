SELECT id, ordinal, at, fields FROM events WHERE issue = ? AND instr(fields, '"tags"') > 0

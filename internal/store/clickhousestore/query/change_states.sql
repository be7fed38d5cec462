SELECT id, state FROM facts FINAL WHERE kind = 'change' AND repository_key = @repository AND connection = @connection

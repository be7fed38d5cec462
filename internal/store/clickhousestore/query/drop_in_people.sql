SELECT max(written) FROM people WHERE connection = @connection

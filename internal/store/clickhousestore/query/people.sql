SELECT id, login, email, name FROM people FINAL WHERE connection = @connection

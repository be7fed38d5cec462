SELECT connection, id, login, email, name FROM people FINAL ORDER BY connection, id

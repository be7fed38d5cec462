SELECT connection, queue, type, count() FROM flow FINAL WHERE generation = @generation GROUP BY connection, queue, type

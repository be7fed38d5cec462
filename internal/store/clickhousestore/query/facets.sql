SELECT connection, queue, type, resolution, count() FROM flow FINAL WHERE generation = @generation GROUP BY connection, queue, type, resolution

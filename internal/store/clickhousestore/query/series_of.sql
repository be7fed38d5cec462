SELECT id, tags, token FROM series FINAL WHERE metric = @metric

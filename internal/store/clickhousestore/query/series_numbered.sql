SELECT id, metric, tags, token FROM series FINAL WHERE id IN @series

SELECT id, metric, tags, token FROM series WHERE pk = ?

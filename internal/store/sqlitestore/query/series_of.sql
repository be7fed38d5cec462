SELECT id, tags, token FROM series WHERE metric = ?

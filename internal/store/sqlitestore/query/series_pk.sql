SELECT pk FROM series WHERE id = ?

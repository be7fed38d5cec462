SELECT pk FROM issues WHERE connection = ? AND id = ?

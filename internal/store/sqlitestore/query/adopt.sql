UPDATE identity SET id = ?

SELECT EXISTS (SELECT 1 FROM aliases WHERE key = ? AND issue = ?)

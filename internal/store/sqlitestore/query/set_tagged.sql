UPDATE histories SET tagged = ? WHERE issue = ?

UPDATE issues SET gone = 1 WHERE connection = ? AND id = ? AND gone = 0 RETURNING pk

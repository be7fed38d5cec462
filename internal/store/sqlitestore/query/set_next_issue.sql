UPDATE generations SET next_issue = ?2 WHERE id = ?1

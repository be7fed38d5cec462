UPDATE generations SET workflow = ?2, types = ?3 WHERE id = ?1

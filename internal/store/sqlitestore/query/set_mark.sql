UPDATE state SET mark = ?1 WHERE mark <> ?1

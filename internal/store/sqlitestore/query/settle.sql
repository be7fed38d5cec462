DELETE FROM dora_touched WHERE kind = ?1 AND key = ?2 AND number = ?3

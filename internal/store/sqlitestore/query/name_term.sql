-- Names only get newer, so that the order of writing does not matter.
UPDATE terms SET name = ?2, seen_at = ?3
WHERE id = ?1 AND (seen_at, name) < (?3, ?2)

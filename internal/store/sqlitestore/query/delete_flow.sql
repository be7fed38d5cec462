DELETE FROM flow WHERE issue = ? AND generation IN (SELECT id FROM generations)

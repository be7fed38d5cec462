UPDATE state SET version = version + 1 RETURNING version

-- The state of the database that . names, '' when it has none yet.
SELECT argMax(doc, written) FROM `{{.}}`.state

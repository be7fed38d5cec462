-- The version of the schema of the database that . names.
SELECT max(version_id) FROM `{{.}}`.goose_db_version WHERE is_applied = 1

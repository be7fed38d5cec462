-- Read by sqlite.Scan, from the index alone.
SELECT scan_rows(?1, project, workflow, branch) FROM runs

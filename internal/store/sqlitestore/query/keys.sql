-- Read by sqlite.Scan.
SELECT scan_rows(?1, pk, key) FROM issues

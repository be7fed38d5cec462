INSERT OR REPLACE INTO run_texts (run, details, parts) VALUES (?, ?, ?)

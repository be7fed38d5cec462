ALTER TABLE {{.Table}} DELETE WHERE id IN @series SETTINGS mutations_sync = 1

ALTER TABLE {{.Table}} DELETE WHERE hour IN @hours{{.Of "series"}} SETTINGS mutations_sync = 1

ALTER TABLE {{.Table}} DELETE WHERE hour IN @hours SETTINGS mutations_sync = 1

ALTER TABLE {{.Table}} DELETE IN PARTITION {{.Week}} WHERE day IN @days{{.Of "series"}} SETTINGS mutations_sync = 1

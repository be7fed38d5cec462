SELECT DISTINCT at - at % 3600000 AS of_hour FROM points WHERE day IN @days AND of_hour IN @hours{{.Of "series"}}

SELECT count() FROM series_hours WHERE hour IN @hours{{.Of "series"}}

INSERT INTO series_hours (series, hour, n, sum, min, max, first, last, sealed, written)
SELECT series, hour, n, sum, min, max, first, last, true, @written
FROM series_hours FINAL
PREWHERE intDiv(hour, 86400000) IN @days{{.Of "series"}}
WHERE NOT sealed

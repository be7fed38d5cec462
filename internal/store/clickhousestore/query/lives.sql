-- The issues created before an instant that are open, where asked for, or were closed
-- in a range of time; with their stays where these are asked for.
SELECT issue, connection, queue, type, resolution, created_at, first_active_at, closed_at, reopen_count
       {{- if .Stays}}, statuses, starts, classes{{end}}
FROM flow FINAL
WHERE {{template "filter.sql" .}}
  AND created_at < @created_before
  AND if(closed_at = 0, {{.Open}}, closed_at >= @closed_from AND closed_at < @closed_to)

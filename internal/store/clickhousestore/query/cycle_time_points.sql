-- All above p95, and of the rest a fixed sample: the finaliser of MurmurHash3
-- scatters neighbours, as delivery does it.
WITH {{template "given.sql" .}},
    bitXor(toUInt64(issue), bitShiftRight(toUInt64(issue), 33)) * 0xff51afd7ed558ccd AS first,
    bitXor(first, bitShiftRight(first, 33)) * 0xc4ceb9fe1a85ec53 AS second
SELECT issue, closed_at, seconds
FROM (
{{template "finished.sql" .}}
)
WHERE reason = ''
{{if .Thin}}ORDER BY seconds > @p95 DESC, bitXor(second, bitShiftRight(second, 33))
LIMIT {{.Thin}}{{end}}

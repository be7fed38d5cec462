WITH {{template "given.sql" .}}
SELECT count() FROM (
{{template "stays.sql" .}}
)

WITH {{template "given.sql" .}}
SELECT count() FROM (
{{template "opened.sql" .}}
)

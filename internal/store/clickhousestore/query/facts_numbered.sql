SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE kind IN @kinds AND repository_key IN @repositories AND number IN @numbers

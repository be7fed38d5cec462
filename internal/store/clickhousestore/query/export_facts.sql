SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE (connection, number) > (@connection, @number)
ORDER BY connection, number
LIMIT @limit

SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE kind = @kind AND repository_key = @repository AND connection = @connection

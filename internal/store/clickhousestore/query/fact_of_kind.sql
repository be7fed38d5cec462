SELECT {{template "fact_columns.sql"}}
FROM facts FINAL
WHERE kind = @kind AND repository_key IN (SELECT repository_key FROM facts WHERE kind = @kind AND number = @number) AND number = @number

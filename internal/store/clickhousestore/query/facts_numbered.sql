SELECT {{template "fact_columns.sql"}} FROM facts FINAL WHERE number IN @numbers

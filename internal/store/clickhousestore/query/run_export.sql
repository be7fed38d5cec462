-- A range of numbers: the rest of the table is not looked at.
SELECT {{template "run_columns.sql"}}, parts
FROM runs FINAL
WHERE run > @after AND run <= @until
ORDER BY run

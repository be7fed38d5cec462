SELECT {{template "run_columns.sql"}}, parts FROM runs FINAL WHERE run IN @runs

SELECT {{template "run_columns.sql"}}, jobs, build_names, build_durations FROM runs FINAL WHERE run IN @runs

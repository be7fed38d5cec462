-- Of these runs and others: an id may be in use in several projects.
SELECT project, id, run FROM run_numbers WHERE connection = @connection AND project IN @projects AND id IN @ids

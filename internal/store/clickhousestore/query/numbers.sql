SELECT id, issue FROM numbers WHERE connection = @connection AND id IN @ids

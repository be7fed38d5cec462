SELECT min(created_at) FROM flow WHERE generation = @generation AND gone = 0

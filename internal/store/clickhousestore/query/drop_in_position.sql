SELECT settings, position FROM drop_in FINAL WHERE connection = @connection AND target = @target

created_at >= @from AND created_at < @to
      {{- if .Connections}} AND connection IN @connections{{end}}
      {{- if .Projects}} AND project IN @projects{{end}}
      {{- if .Workflows}} AND workflow IN @workflows{{end}}
      {{- if .Branches}} AND branch IN @branches
      {{- else if not .AllBranches}} AND if(default_branch != '', branch = default_branch, has(CAST(@defaults, 'Array(Array(String))'), [toString(connection), toString(branch)]))
      {{- end}}
      {{- if .Restarts}} AND {{if not .Restarted}}NOT {{end}}restarts{{end}}
      {{- if .Statuses}} AND status IN @statuses{{end}}
      {{- if .After}} AND (created_at, run) < (@after_at, @after_run){{end}}
-- The issues of a list in its order, before their fields are read.
    SELECT issue, created_at, first_active_at, closed_at, reopen_count
    FROM flow FINAL
    WHERE {{template "filter.sql" .}}
      AND {{.State}}
      {{- if .After}} AND (created_at, issue) > (@after_at, @after_issue){{end}}
    ORDER BY created_at, issue
    {{- if .Limit}} LIMIT {{.Limit}}{{end}}

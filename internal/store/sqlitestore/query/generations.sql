-- 'current' sorts before 'filling'.
SELECT id, workflow, types, next_issue FROM generations WHERE stage <> 'dropped' ORDER BY stage

INSERT INTO generations (stage, workflow, types, next_issue) VALUES ('filling', ?, ?, 0)

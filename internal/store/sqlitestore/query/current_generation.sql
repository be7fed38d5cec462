SELECT id, workflow, types, next_issue FROM generations WHERE stage = 'current'

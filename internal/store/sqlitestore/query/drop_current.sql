UPDATE generations SET stage = 'dropped' WHERE stage = 'current'

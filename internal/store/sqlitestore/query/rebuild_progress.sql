SELECT count(*) FILTER (WHERE f.issue < coalesce(filling.next_issue, f.issue + 1)), count(*)
FROM flow f
LEFT JOIN generations filling ON filling.stage = 'filling'
WHERE f.generation = (SELECT id FROM generations WHERE stage = 'current')

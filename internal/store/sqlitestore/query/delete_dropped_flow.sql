DELETE FROM flow WHERE (generation, issue) IN (
    SELECT generation, issue
    FROM flow
    WHERE generation IN (SELECT id FROM generations WHERE stage = 'dropped')
    LIMIT ?
)

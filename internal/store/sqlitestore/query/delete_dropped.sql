DELETE FROM generations WHERE stage = 'dropped'

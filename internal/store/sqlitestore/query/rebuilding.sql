SELECT EXISTS (SELECT 1 FROM generations WHERE stage <> 'current')

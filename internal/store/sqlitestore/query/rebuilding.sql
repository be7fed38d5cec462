SELECT EXISTS (SELECT 1 FROM generations WHERE stage <> 'current') OR EXISTS (SELECT 1 FROM state WHERE tags_from <= tags_to)

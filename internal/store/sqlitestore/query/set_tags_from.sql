UPDATE state SET tags_from = coalesce(?, tags_to + 1) WHERE tags_from <= tags_to

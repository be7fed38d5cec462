SELECT pk, id, metric, token FROM series ORDER BY pk

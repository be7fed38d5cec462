SELECT metric, uniqExact(id) FROM series GROUP BY metric ORDER BY metric

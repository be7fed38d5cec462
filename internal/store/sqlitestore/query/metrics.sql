SELECT metric, count(*) FROM series GROUP BY metric ORDER BY metric

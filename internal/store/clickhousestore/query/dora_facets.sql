SELECT 'repository' AS what, max(repository) AS value, countIf(kind = 'deployment') AS n
FROM facts FINAL
WHERE repository <> '' AND kind IN ('deployment', 'change')
GROUP BY repository_key
UNION ALL
SELECT 'service', max(service), countIf(kind = 'deployment')
FROM facts FINAL
WHERE service <> '' AND NOT (kind = 'incident' AND flag)
GROUP BY service_key
UNION ALL
SELECT 'environment', max(environment), count()
FROM facts FINAL
WHERE environment <> '' AND kind = 'deployment'
GROUP BY environment_key
UNION ALL
SELECT 'project', max(project), count()
FROM facts FINAL
WHERE project <> '' AND kind = 'incident' AND NOT flag
GROUP BY project
UNION ALL
SELECT 'errors', max(project), count()
FROM facts FINAL
WHERE kind = 'error_group' AND NOT flag
GROUP BY project

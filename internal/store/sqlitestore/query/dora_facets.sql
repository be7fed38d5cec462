SELECT 'repository', max(repository), count(*) FILTER (WHERE kind = 'deployment')
FROM facts
WHERE repository <> '' AND kind IN ('deployment', 'change')
GROUP BY repository_key
UNION ALL
SELECT 'service', max(service), count(*) FILTER (WHERE kind = 'deployment')
FROM facts
WHERE service <> '' AND NOT (kind = 'incident' AND flag)
GROUP BY service_key
UNION ALL
SELECT 'environment', max(environment), count(*)
FROM facts
WHERE environment <> '' AND kind = 'deployment'
GROUP BY environment_key
UNION ALL
SELECT 'project', project, count(*)
FROM facts
WHERE project <> '' AND kind = 'incident' AND NOT flag
GROUP BY project
UNION ALL
SELECT 'errors', project, count(*)
FROM facts
WHERE kind = 'error_group' AND NOT flag
GROUP BY project

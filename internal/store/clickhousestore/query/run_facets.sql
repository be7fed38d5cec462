-- What runs are filtered by, one after another: the others are '' meanwhile.
SELECT multiIf(grouping(project) = 0, 'project', grouping(workflow) = 0, 'workflow', 'branch') AS kind,
       concat(project, workflow, branch) AS key, count()
FROM runs FINAL
GROUP BY GROUPING SETS ((project), (workflow), (branch))

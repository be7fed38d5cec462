-- What the database takes on disk; in a cluster, which . names, on all its hosts.
SELECT sum(rows), sum(bytes_on_disk)
FROM {{if .}}clusterAllReplicas(`{{.}}`, system.parts){{else}}system.parts{{end}}
WHERE active AND database = @database

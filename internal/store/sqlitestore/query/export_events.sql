SELECT e.id, e.ordinal, e.at, coalesce(t.key, ''), coalesce(tr.key, ''), e.moved, e.fields,
       coalesce(a.source_id, ''), coalesce(a.key, ''), coalesce(a.name, ''),
       e.to_status IS NOT NULL,
       coalesce(f.source_id, ''), coalesce(f.key, ''), coalesce(f.name, ''), e.from_started_at,
       coalesce(s.source_id, ''), coalesce(s.key, ''), coalesce(s.name, ''), e.to_started_at,
       e.issue
FROM events e
LEFT JOIN terms t ON t.id = e.type
LEFT JOIN terms tr ON tr.id = e.transport
LEFT JOIN refs a ON a.id = e.actor
LEFT JOIN refs f ON f.id = e.from_status
LEFT JOIN refs s ON s.id = e.to_status
WHERE e.issue BETWEEN ?1 AND ?2
ORDER BY e.issue, e.at, e.ordinal, e.id

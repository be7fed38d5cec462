-- Faster than FINAL where issues lie scattered.
SELECT issue, argMax(key, written), argMax(title, written), argMax(type, written)
FROM issues PREWHERE issue IN @issues
GROUP BY issue

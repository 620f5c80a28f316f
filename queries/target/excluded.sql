-- Who is in a segment that is never contacted.
-- grain:  person
-- reads:  run_members, target_exclude, target_ids
-- gives:  person BIGINT, reason VARCHAR
SELECT i.person, min(x.scheme || '/' || x.segment) AS reason
FROM run_members AS m
JOIN target_exclude AS x ON m.scheme = x.scheme AND m.segment = x.segment
JOIN target_ids AS i ON m.customer_id = i.run_id
WHERE i.person IS NOT NULL
GROUP BY i.person

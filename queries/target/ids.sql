-- Which customers of today the ids of a run are: most are the same; an id that was
-- joined to another one's customer since is that customer. person is NULL where the
-- store has no such id any more. target_exclude are the segments that are never
-- contacted.
-- grain:  run_id
-- reads:  target_segment, target_exclude, run_members, identities
-- gives:  run_id VARCHAR, person BIGINT, customer_id VARCHAR, joined BOOLEAN
WITH named AS (
  SELECT run_id FROM target_segment
  UNION
  SELECT m.customer_id FROM run_members AS m JOIN target_exclude AS x ON m.scheme = x.scheme AND m.segment = x.segment
),
direct AS (
  SELECT n.run_id, i.person, i.customer_id
  FROM named AS n LEFT JOIN identities AS i ON n.run_id = i.customer_id AND i.member = i.person
),
gone AS (
  SELECT run_id FROM direct WHERE person IS NULL
),
joined AS (
  SELECT g.run_id, min(i.person) AS person, min(i.customer_id) AS customer_id
  FROM gone AS g
  JOIN identities AS i ON g.run_id = CASE WHEN i.id_space = '' THEN i.source_customer_id ELSE i.id_space || ':' || i.source_customer_id END
  GROUP BY g.run_id
  HAVING count(DISTINCT i.person) = 1
)
SELECT d.run_id, coalesce(d.person, j.person) AS person, coalesce(d.customer_id, j.customer_id) AS customer_id, d.person IS NULL AS joined
FROM direct AS d LEFT JOIN joined AS j ON d.run_id = j.run_id

-- The members of the segments of one run, by the ids that they have today: of one scheme and of one segment, where these are named.
-- grain:  scheme, segment, customer_id
-- reads:  one_members, history_ids
-- gives:  scheme VARCHAR, segment VARCHAR, customer_id VARCHAR
SELECT m.scheme, m.segment, coalesce(i.customer_id, m.customer_id) AS customer_id
FROM one_members AS m LEFT JOIN history_ids AS i ON m.customer_id = i.run_id
WHERE ($scheme = '' OR m.scheme = $scheme) AND ($segment = '' OR m.segment = $segment)
  AND (i.run_id IS NULL OR i.customer_id IS NOT NULL)

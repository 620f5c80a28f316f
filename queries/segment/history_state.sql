-- The customers of one run, by the ids that they have today, each with its segment of a scheme that parts customers.
-- grain:  customer_id
-- reads:  one_scores, one_members, history_ids
-- gives:  customer_id VARCHAR, segment VARCHAR, clv DOUBLE
WITH members AS (
  SELECT customer_id, segment FROM one_members WHERE scheme = $scheme
)
SELECT coalesce(i.customer_id, s.customer_id) AS customer_id, m.segment, s.clv
FROM one_scores AS s
LEFT JOIN members AS m ON s.customer_id = m.customer_id
LEFT JOIN history_ids AS i ON s.customer_id = i.run_id
WHERE i.run_id IS NULL OR i.customer_id IS NOT NULL

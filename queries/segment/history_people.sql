-- The customers of one run, by the ids that they have today, and what they were worth then.
-- grain:  customer_id
-- reads:  one_scores, history_ids
-- gives:  customer_id VARCHAR, net_revenue DOUBLE, clv DOUBLE
SELECT coalesce(i.customer_id, s.customer_id) AS customer_id, s.net_revenue, s.clv
FROM one_scores AS s LEFT JOIN history_ids AS i ON s.customer_id = i.run_id
WHERE i.run_id IS NULL OR i.customer_id IS NOT NULL

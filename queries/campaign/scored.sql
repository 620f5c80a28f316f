-- What a run said of the customers who were assigned to campaign $campaign: the column $column of its scores.
-- grain:  customer_id
-- reads:  responses, scores
-- gives:  customer_id VARCHAR, value VARCHAR
SELECT s.customer_id, CASE CAST($column AS VARCHAR) WHEN 'rfm_segment' THEN s.rfm_segment WHEN 'rfm_cell' THEN s.rfm_cell END AS value
FROM scores AS s
WHERE s.as_of = CAST($as_of AS DATE)
  AND s.customer_id IN (SELECT r.customer_id FROM responses AS r WHERE r.campaign_id = $campaign AND r.event = 'assigned')
ORDER BY s.customer_id

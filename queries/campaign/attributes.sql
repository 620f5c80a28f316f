-- An attribute of the customers who were assigned to campaign $campaign. $pointer is its JSON pointer.
-- grain:  customer_id
-- reads:  responses, customers_as_of, bounds
-- gives:  customer_id VARCHAR, value VARCHAR
SELECT c.customer_id, json_extract_string(c.attributes, CAST($pointer AS VARCHAR)) AS value
FROM customers_as_of((SELECT as_of FROM bounds)) AS c
WHERE c.customer_id IN (SELECT r.customer_id FROM responses AS r WHERE r.campaign_id = $campaign AND r.event = 'assigned')
ORDER BY c.customer_id

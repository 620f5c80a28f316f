-- The customer's latest campaign responses.
-- grain:  source, response_id
-- reads:  responses
-- gives:  source VARCHAR, response_id VARCHAR, campaign_id VARCHAR, occurred_at TIMESTAMP WITH TIME ZONE, event VARCHAR, arm VARCHAR
SELECT source, response_id, campaign_id, occurred_at, event, arm
FROM responses WHERE customer_id = $customer ORDER BY occurred_at DESC, source, response_id LIMIT 10

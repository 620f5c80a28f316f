-- The customer's latest interactions.
-- grain:  source, interaction_id
-- reads:  interactions
-- gives:  source VARCHAR, interaction_id VARCHAR, occurred_at TIMESTAMP WITH TIME ZONE, kind VARCHAR, channel VARCHAR, topic VARCHAR,
--         satisfaction DOUBLE, nps BIGINT, resolved_at TIMESTAMP WITH TIME ZONE
SELECT source, interaction_id, occurred_at, kind, channel, topic, satisfaction, CAST(nps AS BIGINT) AS nps, resolved_at
FROM interactions WHERE customer_id = $customer ORDER BY occurred_at DESC, source, interaction_id LIMIT 10

-- What the views over lists show of each: target_stored holds the manifests.
-- grain:  list_id
-- reads:  target_stored
-- gives:  list_id VARCHAR, segment VARCHAR, as_of DATE, "on" DATE, channel VARCHAR, campaign_id VARCHAR, treated BIGINT, control BIGINT,
--         cancelled BOOLEAN, scheme VARCHAR, rule VARCHAR, arm VARCHAR, share DOUBLE
SELECT list_id, segment, as_of, "on", channel, nullif(campaign_id, '') AS campaign_id, treated, control, cancelled, scheme, nullif(rule, '') AS rule, arm, share
FROM target_stored

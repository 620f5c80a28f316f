-- Responses as they were loaded, and the members of the lists of a campaign that
-- count, as assigned on the day of the list.
-- reads:  clientele.main.responses, target_all_members, target_stored, identities
-- gives:  source VARCHAR, response_id VARCHAR, campaign_id VARCHAR, customer_id VARCHAR, member BIGINT, occurred_at TIMESTAMP WITH TIME ZONE,
--         occurred_on DATE, occurred_day INTEGER, event VARCHAR, arm VARCHAR, value DECIMAL(18,4), machine BOOLEAN, batch_id INTEGER, line BIGINT
SELECT source, response_id, campaign_id, customer_id, member, occurred_at, occurred_on, occurred_day, event, arm, value, machine, batch_id, line
FROM clientele.main.responses
UNION ALL
SELECT 'lists', m.list_id || ':' || CAST(m.rank AS VARCHAR), l.campaign_id, coalesce(i.customer_id, m.customer_id), m.member,
  CAST(l."on" AS TIMESTAMPTZ), l."on", CAST(l."on" - DATE '1970-01-01' AS INTEGER), 'assigned', m.arm, NULL, false, NULL, NULL
FROM target_all_members AS m
JOIN target_stored AS l ON m.list_id = l.list_id
LEFT JOIN identities AS i ON m.member = i.member
WHERE l.campaign_id <> '' AND NOT l.cancelled

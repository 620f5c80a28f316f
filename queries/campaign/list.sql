-- Campaigns with what is known of them: told by a campaigns file, by responses, or by a list. Where the file
-- names no channel those of the lists that were cut for the campaign stand; where no event of a kind is loaded,
-- the number of the file does.
-- grain:  campaign_id
-- reads:  campaigns, responses, lists, bounds
-- gives:  campaign_id VARCHAR, name VARCHAR, channel VARCHAR, started_on DATE, ended_on DATE, cost DOUBLE, assigned BIGINT, control BIGINT,
--         sent BIGINT, delivered BIGINT, opened BIGINT, clicked BIGINT, converted BIGINT, unsubscribed BIGINT
WITH told AS (
  SELECT r.campaign_id, min(r.occurred_on) AS first_on,
    count(DISTINCT r.customer_id) FILTER (r.event = 'assigned' AND r.arm IS DISTINCT FROM 'control') AS assigned,
    count(DISTINCT r.customer_id) FILTER (r.event = 'assigned' AND r.arm = 'control') AS control,
    count(DISTINCT r.customer_id) FILTER (r.event = 'sent') AS sent,
    count(DISTINCT r.customer_id) FILTER (r.event = 'delivered') AS delivered,
    count(DISTINCT r.customer_id) FILTER (r.event = 'opened' AND r.machine IS NOT TRUE) AS opened,
    count(DISTINCT r.customer_id) FILTER (r.event = 'clicked') AS clicked,
    count(DISTINCT r.customer_id) FILTER (r.event = 'converted' AND r.arm IS DISTINCT FROM 'control') AS converted,
    count(DISTINCT r.customer_id) FILTER (r.event = 'unsubscribed') AS unsubscribed
  FROM responses AS r CROSS JOIN bounds AS b WHERE r.occurred_day <= b.as_of_day GROUP BY r.campaign_id
),
cut AS (
  SELECT l.campaign_id, string_agg(DISTINCT l.channel, ', ' ORDER BY l.channel) AS channel
  FROM lists AS l CROSS JOIN bounds AS b
  WHERE NOT l.cancelled AND l."on" - DATE '1970-01-01' <= b.as_of_day GROUP BY l.campaign_id
)
SELECT coalesce(c.campaign_id, t.campaign_id) AS campaign_id, c.name, coalesce(c.channel, l.channel) AS channel, coalesce(c.started_on, t.first_on) AS started_on, c.ended_on,
  CAST(c.cost AS DOUBLE) AS cost, coalesce(t.assigned, 0) AS assigned, coalesce(t.control, 0) AS control,
  coalesce(nullif(t.sent, 0), c.recipients, 0) AS sent, coalesce(nullif(t.delivered, 0), c.delivered, 0) AS delivered, coalesce(nullif(t.opened, 0), c.opened, 0) AS opened,
  coalesce(nullif(t.clicked, 0), c.clicked, 0) AS clicked, coalesce(nullif(t.converted, 0), c.converted, 0) AS converted, coalesce(nullif(t.unsubscribed, 0), c.unsubscribed, 0) AS unsubscribed
FROM campaigns AS c FULL JOIN told AS t ON c.campaign_id = t.campaign_id
LEFT JOIN cut AS l ON l.campaign_id = coalesce(c.campaign_id, t.campaign_id)
ORDER BY started_on DESC NULLS LAST, campaign_id

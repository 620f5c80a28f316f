-- What customers met before they ordered, and where they did not: one row a touch, which is a customer's
-- first click, else first opening by a person, of a campaign. Its journey ends with the customer's next order
-- within $window days; journey is that order's number among the customer's, 0 where there is none. The channel
-- of a campaign is that of the campaigns file, else of the lists that the customer was on, else of all its lists, where
-- they have one in common.
-- grain:  person, campaign_id
-- reads:  responses, identities, campaigns, lists, list_members, kept_orders, excluded_people, bounds
-- gives:  person BIGINT, campaign_id VARCHAR, channel VARCHAR, touched_us BIGINT, journey BIGINT, ordered_us BIGINT, value DOUBLE
WITH opened AS (
  SELECT i.person, r.campaign_id,
    coalesce(min(r.occurred_at) FILTER (r.event = 'clicked'), min(r.occurred_at)) AS touched_at,
    coalesce(min(r.occurred_day) FILTER (r.event = 'clicked'), min(r.occurred_day)) AS touched_day
  FROM responses AS r JOIN identities AS i ON r.member = i.member CROSS JOIN bounds AS b
  WHERE r.occurred_day <= b.as_of_day AND (r.event = 'clicked' OR r.event = 'opened' AND r.machine IS NOT TRUE)
    AND i.person NOT IN (SELECT person FROM excluded_people)
  GROUP BY i.person, r.campaign_id
),
listed AS (
  SELECT i.person, l.campaign_id, min(l.channel) AS channel
  FROM list_members AS m JOIN lists AS l ON m.list_id = l.list_id JOIN identities AS i ON m.member = i.member
  WHERE NOT l.cancelled GROUP BY i.person, l.campaign_id HAVING count(DISTINCT l.channel) = 1
),
alike AS (
  SELECT l.campaign_id, min(l.channel) AS channel FROM lists AS l WHERE NOT l.cancelled
  GROUP BY l.campaign_id HAVING count(DISTINCT l.channel) = 1
),
placed AS (
  SELECT i.person, f.ordered_at, o.ordered_day, o.net, row_number() OVER (PARTITION BY i.person ORDER BY f.ordered_at, o.source, o.order_id) AS nth
  FROM kept_orders AS o JOIN facts.orders AS f ON o.source = f.source AND o.order_id = f.order_id
    JOIN identities AS i ON o.member = i.member CROSS JOIN bounds AS b
  WHERE o.counted AND o.net >= b.smallest_net AND o.ordered_day <= b.as_of_day AND i.person IN (SELECT person FROM opened)
)
SELECT t.person, t.campaign_id, coalesce(c.channel, l.channel, a.channel) AS channel, epoch_us(t.touched_at) AS touched_us,
  CASE WHEN p.ordered_day < t.touched_day + $window THEN p.nth ELSE 0 END AS journey,
  CASE WHEN p.ordered_day < t.touched_day + $window THEN epoch_us(p.ordered_at) ELSE 0 END AS ordered_us,
  CASE WHEN p.ordered_day < t.touched_day + $window THEN CAST(p.net AS DOUBLE) ELSE 0 END AS value
FROM opened AS t LEFT JOIN campaigns AS c ON t.campaign_id = c.campaign_id
LEFT JOIN listed AS l ON t.person = l.person AND t.campaign_id = l.campaign_id
LEFT JOIN alike AS a ON t.campaign_id = a.campaign_id
ASOF LEFT JOIN placed AS p ON t.person = p.person AND t.touched_at <= p.ordered_at
ORDER BY t.person, touched_us, t.campaign_id

-- Which campaigns and lists contacted whom around the day of a list: every list
-- that the customer was treated in, and every campaign that tells of a message sent
-- or delivered. A message of a campaign that the customer is on a list of is that
-- list's contact. channel is NULL where it is not known.
-- reads:  target_treated, facts.responses, identities, target_campaigns
-- gives:  person BIGINT, touch VARCHAR, day INTEGER, channel VARCHAR
WITH listed AS (
  SELECT i.person, m.list_id, m.campaign_id, m.day, m.channel
  FROM target_treated AS m JOIN identities AS i ON m.member = i.member
),
sent AS (
  SELECT DISTINCT i.person, r.campaign_id, r.occurred_day AS day, c.channel
  FROM facts.responses AS r
  JOIN identities AS i ON r.member = i.member
  LEFT JOIN target_campaigns AS c ON r.campaign_id = c.campaign_id
  WHERE r.event IN ('sent', 'delivered') AND abs(r.occurred_day - CAST($on AS INTEGER)) < CAST($days AS INTEGER)
)
SELECT person, 'list ' || list_id AS touch, day, channel FROM listed
UNION ALL
SELECT s.person, coalesce('list ' || l.list_id, 'campaign ' || s.campaign_id), s.day, coalesce(s.channel, l.channel)
FROM sent AS s ASOF LEFT JOIN listed AS l ON s.person = l.person AND s.campaign_id = l.campaign_id AND s.day >= l.day

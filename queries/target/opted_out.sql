-- Who unsubscribed from the channel, whose address there bounced, and who reported
-- a message there as spam, with the address that the answer itself tells. Of a
-- campaign whose channel is not known it counts for every channel. $medium is the
-- column of the address: email, phone, or none.
-- reads:  facts.responses, facts.cards, identities, target_campaigns
-- gives:  person BIGINT, contact VARCHAR, reason VARCHAR
WITH told AS (
  SELECT i.person, r.event, r.occurred_on, r.campaign_id,
    CASE $medium WHEN 'email' THEN nullif(lower(trim(k.email)), '') WHEN 'phone' THEN nullif(trim(k.phone), '') END AS contact
  FROM facts.responses AS r
  LEFT JOIN identities AS i ON r.member = i.member
  LEFT JOIN facts.cards AS k ON r.card = k.card
  LEFT JOIN target_campaigns AS c ON r.campaign_id = c.campaign_id
  WHERE r.event IN ('unsubscribed', 'bounced', 'complained') AND coalesce(c.channel, $channel) = $channel
)
SELECT person, contact, event || ' ' || strftime(max(occurred_on), '%Y-%m-%d') || ' ' || arg_max(campaign_id, (occurred_on, campaign_id)) AS reason
FROM told
WHERE person IS NOT NULL OR contact IS NOT NULL
GROUP BY person, contact, event

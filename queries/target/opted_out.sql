-- Who unsubscribed from the channel, whose address there bounced, and who reported
-- a message there as spam, with the address that the answer itself tells. Of a
-- campaign whose channel is not known it counts for every channel. $medium is the
-- column of the address: email, phone, or none. A bounce does not say whether the
-- address is none or its mailbox was full: it counts until a later message of the
-- channel is known to have arrived.
-- reads:  facts.responses, facts.cards, identities, target_campaigns
-- gives:  person BIGINT, contact VARCHAR, reason VARCHAR
WITH told AS (
  SELECT i.person, r.event, r.occurred_on, r.campaign_id, c.channel,
    CASE $medium WHEN 'email' THEN nullif(lower(trim(k.email)), '') WHEN 'phone' THEN nullif(trim(k.phone), '') END AS contact
  FROM facts.responses AS r
  LEFT JOIN identities AS i ON r.member = i.member
  LEFT JOIN facts.cards AS k ON r.card = k.card
  LEFT JOIN target_campaigns AS c ON r.campaign_id = c.campaign_id
  WHERE coalesce(c.channel, $channel) = $channel AND (r.event IN ('unsubscribed', 'bounced', 'complained')
    OR r.event IN ('delivered', 'opened', 'clicked') AND r.member IN (SELECT member FROM facts.responses WHERE event = 'bounced'))
),
arrived AS (
  SELECT person, contact, max(occurred_on) AS last_on
  FROM told
  WHERE event IN ('delivered', 'opened', 'clicked') AND channel = $channel
  GROUP BY person, contact
)
SELECT CASE WHEN t.event <> 'bounced' OR t.contact IS NULL THEN t.person END AS person, t.contact,
  t.event || ' ' || strftime(max(t.occurred_on), '%Y-%m-%d') || ' ' || arg_max(t.campaign_id, (t.occurred_on, t.campaign_id)) AS reason
FROM told AS t
LEFT JOIN arrived AS a ON t.person = a.person AND t.contact IS NOT DISTINCT FROM a.contact
WHERE t.event IN ('unsubscribed', 'bounced', 'complained') AND (t.person IS NOT NULL OR t.contact IS NOT NULL)
  AND (t.event <> 'bounced' OR a.last_on IS NULL OR a.last_on <= t.occurred_on)
GROUP BY t.person, t.contact, t.event

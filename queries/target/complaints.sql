-- Who complained within so many days before the day of the list, or after it: by
-- reporting a message of any channel as spam, or in an interaction.
-- reads:  facts.responses, facts.interactions, identities
-- gives:  person BIGINT, reason VARCHAR
WITH complained AS (
  SELECT member, occurred_on, occurred_day FROM facts.responses WHERE event = 'complained'
  UNION ALL
  SELECT member, occurred_on, occurred_day FROM facts.interactions
  WHERE lower(kind) LIKE '%complain%' OR kind LIKE '%投诉%' OR kind LIKE '%客诉%'
)
SELECT i.person, strftime(max(c.occurred_on), '%Y-%m-%d') AS reason
FROM complained AS c JOIN identities AS i ON c.member = i.member
WHERE c.occurred_day >= CAST($on AS INTEGER) - CAST($days AS INTEGER)
GROUP BY i.person

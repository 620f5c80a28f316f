-- Customers by each name, e-mail or telephone number that any of their facts told by the as-of day, that may match.
-- grain:  person, value
-- reads:  facts.cards, facts.orders, facts.refunds, facts.interactions, facts.responses, facts.customers, identities, words, bounds
-- gives:  person BIGINT, value VARCHAR
WITH near AS (
  SELECT card, CASE CAST($column AS VARCHAR) WHEN 'name' THEN name WHEN 'email' THEN email WHEN 'phone' THEN phone END AS value
  FROM facts.cards
  WHERE regexp_matches(lower(value), CAST($pattern AS VARCHAR)) OR strlen(value) <> length(value) OR lower(value) IN (SELECT word FROM words)
),
told AS (
  SELECT o.member, n.value FROM facts.orders AS o
  INNER JOIN near AS n ON o.card = n.card
  CROSS JOIN bounds AS b
  WHERE o.ordered_day <= b.as_of_day
  UNION
  SELECT r.member, n.value FROM facts.refunds AS r
  INNER JOIN near AS n ON r.card = n.card
  CROSS JOIN bounds AS b
  WHERE r.refunded_on <= b.as_of
  UNION
  SELECT t.member, n.value FROM facts.interactions AS t
  INNER JOIN near AS n ON t.card = n.card
  CROSS JOIN bounds AS b
  WHERE t.occurred_day <= b.as_of_day
  UNION
  SELECT r.member, n.value FROM facts.responses AS r
  INNER JOIN near AS n ON r.card = n.card
  CROSS JOIN bounds AS b
  WHERE r.occurred_day <= b.as_of_day
  UNION
  SELECT c.member, CASE CAST($column AS VARCHAR) WHEN 'name' THEN c.name WHEN 'email' THEN c.email WHEN 'phone' THEN c.phone END
  FROM facts.customers AS c
  CROSS JOIN bounds AS b
  WHERE c.updated_at IS NULL OR CAST(c.updated_at AS DATE) <= b.as_of
)
SELECT DISTINCT i.person, t.value
FROM told AS t
INNER JOIN identities AS i ON t.member = i.member
WHERE t.value IS NOT NULL
ORDER BY i.person, t.value

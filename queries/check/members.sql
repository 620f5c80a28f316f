-- Facts whose member no identity knows, identities that stand more than once, and those whose person is nobody or somebody else's.
-- severity: error
-- grain:  fact, member
-- reads:  identities, facts.order_rows, facts.refunds, facts.settled_refunds, facts.interactions, facts.responses, facts.customers
-- gives:  fact VARCHAR, member BIGINT, rows BIGINT
WITH used AS (
  SELECT 'orders' AS fact, member FROM facts.order_rows
  UNION ALL SELECT 'refunds', member FROM facts.refunds
  UNION ALL SELECT 'settled refunds', member FROM facts.settled_refunds
  UNION ALL SELECT 'interactions', member FROM facts.interactions
  UNION ALL SELECT 'responses', member FROM facts.responses
  UNION ALL SELECT 'customers', member FROM facts.customers
),
unknown AS (
  SELECT u.fact, u.member, count(*) AS rows FROM used AS u ANTI JOIN identities AS i ON u.member = i.member
  WHERE u.member IS NOT NULL
  GROUP BY u.fact, u.member
),
doubled AS (
  SELECT 'identities' AS fact, member, count(*) AS rows FROM identities GROUP BY member HAVING count(*) > 1
),
lost AS (
  SELECT 'person' AS fact, i.member, count(*) AS rows FROM identities AS i ANTI JOIN identities AS p ON i.person = p.member AND p.person = p.member
  WHERE i.person <> i.member
  GROUP BY i.member
)
SELECT fact, CAST(member AS BIGINT) AS member, rows FROM unknown
UNION ALL SELECT fact, CAST(member AS BIGINT), rows FROM doubled
UNION ALL SELECT fact, CAST(member AS BIGINT), rows FROM lost
ORDER BY fact, member

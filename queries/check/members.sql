-- Facts whose member no identity knows, and identities that stand more than once.
-- severity: error
-- grain:  fact, member
-- reads:  identities, facts.orders, facts.refunds, facts.interactions, facts.responses, facts.customers
-- gives:  fact VARCHAR, member BIGINT, rows BIGINT
WITH used AS (
  SELECT 'orders' AS fact, member FROM facts.orders
  UNION ALL SELECT 'refunds', member FROM facts.refunds
  UNION ALL SELECT 'interactions', member FROM facts.interactions
  UNION ALL SELECT 'responses', member FROM facts.responses
  UNION ALL SELECT 'customers', member FROM facts.customers
),
unknown AS (
  SELECT fact, member, count(*) AS rows FROM used
  WHERE member IS NOT NULL AND member NOT IN (SELECT member FROM identities)
  GROUP BY fact, member
),
doubled AS (
  SELECT 'identities' AS fact, member, count(*) AS rows FROM identities GROUP BY member HAVING count(*) > 1
)
SELECT fact, CAST(member AS BIGINT) AS member, rows FROM unknown
UNION ALL SELECT fact, CAST(member AS BIGINT), rows FROM doubled
ORDER BY fact, member

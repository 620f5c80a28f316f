-- Currencies and days whose orders were converted with another rate than the file of rates has for them now, the last on
-- or before the day. They stay as they are until clientele rebuild converts them anew.
-- severity: warning
-- grain:  currency, ordered_on, converted_at
-- reads:  facts.orders, facts.terms, facts.reporting, rates
-- gives:  currency VARCHAR, ordered_on DATE, converted_at DECIMAL(20,12), rate DOUBLE, orders HUGEINT
WITH used AS (
  SELECT terms, ordered_on, rate AS converted_at, count(*) AS orders
  FROM facts.orders
  WHERE rate IS NOT NULL
  GROUP BY terms, ordered_on, rate
),
named AS (
  SELECT t.currency, u.ordered_on, u.converted_at, sum(u.orders) AS orders
  FROM used AS u
  JOIN facts.terms AS t ON u.terms = t.terms
  GROUP BY t.currency, u.ordered_on, u.converted_at
),
today AS (
  SELECT r."from" AS currency, r."on", r.rate
  FROM rates AS r
  JOIN facts.reporting AS c ON r."to" = c.currency
)
SELECT n.currency, n.ordered_on, n.converted_at, t.rate, n.orders
FROM named AS n
ASOF LEFT JOIN today AS t ON n.currency = t.currency AND n.ordered_on >= t."on"
WHERE t.rate IS NULL OR abs(CAST(n.converted_at AS DOUBLE) - t.rate) > 1e-12 * greatest(t.rate, 1)
ORDER BY n.currency, n.ordered_on, n.converted_at

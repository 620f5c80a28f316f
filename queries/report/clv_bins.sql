-- Customers by lifetime value, in bins that grow 1, 2, 5, 10 ...; low is the bin's lower edge (included), in money.
-- grain:  low
-- reads:  scores
-- gives:  low DOUBLE, high DOUBLE, customers BIGINT, clv DOUBLE
WITH powers AS (
  SELECT CAST(power AS INTEGER) AS power
  FROM range(-2, 13) AS r(power)
),
marks AS (
  SELECT CAST(0 AS DOUBLE) AS low
  UNION ALL
  SELECT step * pow(10, power) AS low
  FROM powers
  CROSS JOIN (VALUES (1), (2), (5)) AS s(step)
),
edges AS (
  SELECT low, LEAD(low) OVER (ORDER BY low) AS high
  FROM marks
),
valued AS (
  SELECT clv
  FROM scores
  WHERE clv IS NOT NULL
)
SELECT
  e.low,
  e.high,
  count(*) AS customers,
  CAST(sum(CAST(v.clv AS DECIMAL(28,4))) AS DOUBLE) AS clv
FROM valued AS v
ASOF JOIN edges AS e ON v.clv >= e.low
GROUP BY e.low, e.high
ORDER BY e.low

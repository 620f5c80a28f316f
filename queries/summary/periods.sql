-- How many customers bought in each period, by the period of their first purchase: periods
-- of 1, 3 and 12 months, counted from the year 0. engine/bought_counts.go makes
-- periods_bought in one pass; a test holds the two to each other.
-- grain:  step, first_period, period
-- reads:  daily
-- gives:  step BIGINT, first_period BIGINT, period BIGINT, customers BIGINT
WITH months AS (
  SELECT DISTINCT person, 12 * year(DATE '1970-01-01' + day) + month(DATE '1970-01-01' + day) - 1 AS month
  FROM daily
),
bought AS (
  SELECT DISTINCT m.person, s.step, m.month // s.step AS period
  FROM months AS m
  CROSS JOIN (SELECT unnest([1, 3, 12]) AS step) AS s
),
firsts AS (
  SELECT person, step, min(period) AS period
  FROM bought
  GROUP BY person, step
)
SELECT CAST(b.step AS BIGINT) AS step, CAST(f.period AS BIGINT) AS first_period, CAST(b.period AS BIGINT) AS period, count(*) AS customers
FROM bought AS b
INNER JOIN firsts AS f ON b.person = f.person AND b.step = f.step
GROUP BY b.step, f.period, b.period

-- Who came back: customers by the period of their first purchase, and how many of them bought in it and in each later period.
-- step is the months of a period, chosen by the length of history: 1 up to 18 months, 3 up to 54, else 12.
-- cohort is the first day of the first period; age counts periods from it, 0 is the period itself.
-- grain:  cohort, age
-- reads:  daily, summary, bounds
-- gives:  cohort DATE, age BIGINT, customers BIGINT, step BIGINT
WITH span AS (
  SELECT date_diff('month', min(DATE '1970-01-01' + s.first_day), max(DATE '1970-01-01' + b.as_of_day)) + 1 AS months
  FROM summary AS s
  CROSS JOIN bounds AS b
),
steps AS (
  SELECT CASE WHEN months <= 18 THEN 1 WHEN months <= 54 THEN 3 ELSE 12 END AS step
  FROM span
),
firsts AS (
  SELECT person, (12 * year(DATE '1970-01-01' + first_day) + month(DATE '1970-01-01' + first_day) - 1) // step AS period, step
  FROM summary
  CROSS JOIN steps
  WHERE first_day IS NOT NULL
),
buys AS (
  SELECT DISTINCT person, (12 * year(DATE '1970-01-01' + day) + month(DATE '1970-01-01' + day) - 1) // step AS period
  FROM daily
  CROSS JOIN steps
)
SELECT
  make_date((f.period * f.step) // 12, (f.period * f.step) % 12 + 1, 1) AS cohort,
  b.period - f.period AS age,
  count(*) AS customers,
  CAST(f.step AS BIGINT) AS step
FROM firsts AS f
INNER JOIN buys AS b ON f.person = b.person
GROUP BY f.period, f.step, b.period
ORDER BY cohort, age

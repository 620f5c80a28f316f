-- Who came back: customers by the period of their first purchase, and how many of them bought in it and in each later period.
-- step is the months of a period, chosen by the length of history: 1 up to 18 months, 3 up to 54, else 12.
-- cohort is the first day of the first period; age counts periods from it, 0 is the period itself.
-- grain:  cohort, age
-- reads:  periods_bought, bounds
-- gives:  cohort DATE, age BIGINT, customers BIGINT, step BIGINT
WITH span AS (
  SELECT 12 * year(DATE '1970-01-01' + max(b.as_of_day)) + month(DATE '1970-01-01' + max(b.as_of_day)) - min(p.period) AS months
  FROM periods_bought AS p
  CROSS JOIN bounds AS b
  WHERE p.step = 1
),
steps AS (
  SELECT CASE WHEN months <= 18 THEN 1 WHEN months <= 54 THEN 3 ELSE 12 END AS step
  FROM span
)
SELECT
  make_date((p.first_period * p.step) // 12, (p.first_period * p.step) % 12 + 1, 1) AS cohort,
  p.period - p.first_period AS age,
  p.customers,
  p.step
FROM periods_bought AS p
INNER JOIN steps AS s ON p.step = s.step
ORDER BY cohort, age

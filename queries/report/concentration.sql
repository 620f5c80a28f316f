-- How value is spread: customers from the most valuable down, at each percent of them, and the value they hold together.
-- measure is net_revenue (up to the day; below zero counts as zero) or clv. customers and value run from the first customer.
-- reached is the least number of customers, of those in this percent, who hold 80 % of the total together; NULL before.
-- Its least value is the answer to "how many customers make 80 %". Amounts are added in whole hundredths, which sort quickly.
-- grain:  measure, percent
-- reads:  scores
-- gives:  measure VARCHAR, percent BIGINT, customers BIGINT, value DOUBLE, total DOUBLE, reached BIGINT
WITH amounts AS (
  SELECT 'net_revenue' AS measure, CAST(round(greatest(net_revenue, 0) * 100) AS BIGINT) AS amount
  FROM scores
  WHERE orders > 0
  UNION ALL
  SELECT 'clv' AS measure, CAST(round(clv * 100) AS BIGINT) AS amount
  FROM scores
  WHERE clv IS NOT NULL
),
totals AS (
  SELECT measure, count(*) AS customers, sum(amount) AS total
  FROM amounts
  GROUP BY measure
),
ordered AS (
  SELECT measure, amount, row_number() OVER (PARTITION BY measure ORDER BY amount DESC) AS position
  FROM amounts
),
placed AS (
  SELECT o.measure, o.amount, o.position, (100 * o.position + t.customers - 1) // t.customers AS percent
  FROM ordered AS o
  INNER JOIN totals AS t ON o.measure = t.measure
),
parts AS (
  SELECT measure, percent, min(position) AS first, max(position) AS customers, sum(amount) AS value
  FROM placed
  GROUP BY measure, percent
),
running AS (
  SELECT p.measure, p.percent, p.first, p.customers, t.total,
    sum(p.value) OVER (PARTITION BY p.measure ORDER BY p.percent) AS value,
    sum(p.value) OVER (PARTITION BY p.measure ORDER BY p.percent) - p.value AS before
  FROM parts AS p
  INNER JOIN totals AS t ON p.measure = t.measure
),
crossing AS (
  SELECT o.measure, o.position,
    r.before + sum(o.amount) OVER (PARTITION BY o.measure ORDER BY o.position ROWS UNBOUNDED PRECEDING) AS value, r.total
  FROM placed AS o
  INNER JOIN running AS r ON o.measure = r.measure AND o.percent = r.percent
  WHERE r.before * 10 < r.total * 8 AND r.value * 10 >= r.total * 8
),
reached AS (
  SELECT measure, min(position) AS position
  FROM crossing
  WHERE value * 10 >= total * 8
  GROUP BY measure
)
SELECT
  r.measure,
  r.percent,
  r.customers,
  CAST(r.value AS DOUBLE) / 100 AS value,
  CAST(r.total AS DOUBLE) / 100 AS total,
  CASE WHEN r.before * 10 >= r.total * 8 THEN r.first ELSE x.position END AS reached
FROM running AS r
LEFT JOIN reached AS x ON r.measure = x.measure AND r.value * 10 >= r.total * 8
ORDER BY r.measure, r.percent

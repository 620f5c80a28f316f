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
ranked AS (
  SELECT
    measure,
    row_number() OVER best AS position,
    sum(amount) OVER (best ROWS UNBOUNDED PRECEDING) AS running,
    count(*) OVER (PARTITION BY measure) AS customers,
    sum(amount) OVER (PARTITION BY measure) AS total
  FROM amounts
  WINDOW best AS (PARTITION BY measure ORDER BY amount DESC)
)
SELECT
  measure,
  (100 * position + customers - 1) // customers AS percent,
  max(position) AS customers,
  CAST(max(running) AS DOUBLE) / 100 AS value,
  CAST(max(total) AS DOUBLE) / 100 AS total,
  min(CASE WHEN running * 10 >= total * 8 THEN position END) AS reached
FROM ranked
GROUP BY measure, percent
ORDER BY measure, percent

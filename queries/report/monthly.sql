-- Orders, buyers, refunds and net revenue of each month that has a fact, as of the day.
-- A buyer is a customer with an order that counts; orders without a customer (guests) are in orders and revenue only.
-- grain:  month
-- reads:  days_bought, periods_bought, guests_bought, kept_refunds, bounds
-- gives:  month DATE, orders BIGINT, customers BIGINT, new_customers BIGINT, net_sales DOUBLE, refunds DOUBLE,
--         net_revenue DOUBLE
WITH days AS (
  SELECT day, orders, net
  FROM days_bought
  UNION ALL
  SELECT day, orders, net
  FROM guests_bought
),
sales AS (
  SELECT date_trunc('month', DATE '1970-01-01' + day) AS month, sum(orders) AS orders, sum(net) AS net
  FROM days
  GROUP BY month
),
buyers AS (
  SELECT make_date(period // 12, period % 12 + 1, 1) AS month, sum(customers) AS customers,
    sum(CASE WHEN first_period = period THEN customers ELSE 0 END) AS newcomers
  FROM periods_bought
  WHERE step = 1
  GROUP BY period
),
returned AS (
  SELECT date_trunc('month', r.refunded_on) AS month, sum(r.amount) AS amount
  FROM kept_refunds AS r
  CROSS JOIN bounds AS b
  WHERE r.counted AND r.refunded_day <= b.as_of_day
  GROUP BY 1
),
months AS (
  SELECT month FROM sales
  UNION
  SELECT month FROM returned
)
SELECT
  CAST(m.month AS DATE) AS month,
  CAST(COALESCE(s.orders, 0) AS BIGINT) AS orders,
  CAST(COALESCE(c.customers, 0) AS BIGINT) AS customers,
  CAST(COALESCE(c.newcomers, 0) AS BIGINT) AS new_customers,
  CAST(COALESCE(s.net, 0) AS DOUBLE) AS net_sales,
  CAST(COALESCE(r.amount, 0) AS DOUBLE) AS refunds,
  CAST(COALESCE(s.net, 0) - COALESCE(r.amount, 0) AS DOUBLE) AS net_revenue
FROM months AS m
LEFT JOIN sales AS s ON m.month = s.month
LEFT JOIN buyers AS c ON m.month = c.month
LEFT JOIN returned AS r ON m.month = r.month
ORDER BY 1

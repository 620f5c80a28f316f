-- Orders, buyers, refunds and net revenue of each month that has a fact, as of the day.
-- A buyer is a customer with an order that counts; guests are in the revenue only.
-- grain:  month
-- reads:  orders, refunds, identities, bounds
-- gives:  month DATE, orders BIGINT, customers BIGINT, new_customers BIGINT, net_sales DOUBLE, refunds DOUBLE,
--         net_revenue DOUBLE
WITH counted_orders AS (
  SELECT date_trunc('month', o.ordered_on) AS month, o.ordered_day, i.person, o.net
  FROM orders AS o
  CROSS JOIN bounds AS b
  LEFT JOIN identities AS i ON o.member = i.member
  WHERE o.counted AND o.ordered_day <= b.as_of_day
),
first_months AS (
  SELECT person, min(month) AS month
  FROM counted_orders
  WHERE person IS NOT NULL
  GROUP BY person
),
newcomers AS (
  SELECT month, count(*) AS new_customers
  FROM first_months
  GROUP BY month
),
sales AS (
  SELECT month, count(*) AS orders, count(DISTINCT person) AS customers, sum(net) AS net_sales
  FROM counted_orders
  GROUP BY month
),
returned AS (
  SELECT date_trunc('month', r.refunded_on) AS month, sum(r.amount) AS refunds
  FROM refunds AS r
  CROSS JOIN bounds AS b
  WHERE r.refunded_day <= b.as_of_day
  GROUP BY 1
),
months AS (
  SELECT month FROM sales
  UNION
  SELECT month FROM returned
)
SELECT
  CAST(m.month AS DATE) AS month,
  COALESCE(s.orders, 0) AS orders,
  COALESCE(s.customers, 0) AS customers,
  COALESCE(n.new_customers, 0) AS new_customers,
  CAST(COALESCE(s.net_sales, 0) AS DOUBLE) AS net_sales,
  CAST(COALESCE(r.refunds, 0) AS DOUBLE) AS refunds,
  CAST(COALESCE(s.net_sales, 0) - COALESCE(r.refunds, 0) AS DOUBLE) AS net_revenue
FROM months AS m
LEFT JOIN sales AS s ON m.month = s.month
LEFT JOIN newcomers AS n ON m.month = n.month
LEFT JOIN returned AS r ON m.month = r.month
ORDER BY 1

-- Customers, revenue and outlook of each segment that the configuration makes by a rule. A customer may be in several.
-- spend_365 is the net amount of orders in the 365 days up to the day, before refunds.
-- grain:  segment
-- reads:  own_members, scores, summary
-- gives:  segment VARCHAR, customers BIGINT, orders BIGINT, net_revenue DOUBLE, spend_365 DOUBLE, recency_days DOUBLE,
--         churn_risk DOUBLE, expected_orders DOUBLE, clv DOUBLE
SELECT
  m.segment,
  count(*) AS customers,
  CAST(COALESCE(sum(s.orders), 0) AS BIGINT) AS orders,
  CAST(sum(CAST(s.net_revenue AS DECIMAL(28,4))) AS DOUBLE) AS net_revenue,
  CAST(sum(CAST(s.spend_365 AS DECIMAL(28,4))) AS DOUBLE) AS spend_365,
  avg(s.recency_days) AS recency_days,
  avg(CAST(c.churn_risk AS DECIMAL(18,9))) AS churn_risk,
  CAST(sum(CAST(c.expected_orders AS DECIMAL(18,6))) AS DOUBLE) AS expected_orders,
  CAST(sum(CAST(c.clv AS DECIMAL(28,4))) AS DOUBLE) AS clv
FROM own_members AS m
INNER JOIN scores AS c ON m.customer_id = c.customer_id
INNER JOIN summary AS s ON c.customer_id = s.customer_id
GROUP BY m.segment
ORDER BY m.segment

-- Customers, revenue and outlook of each cluster.
-- spend_365 is the net amount of orders in the 365 days up to the day, before refunds.
-- grain:  cluster
-- reads:  scores, summary
-- gives:  cluster VARCHAR, customers BIGINT, orders BIGINT, net_revenue DOUBLE, spend_365 DOUBLE, recency_days DOUBLE,
--         churn_risk DOUBLE, expected_orders DOUBLE, clv DOUBLE
SELECT
  CAST(c.cluster AS VARCHAR) AS cluster,
  count(*) AS customers,
  CAST(COALESCE(sum(s.orders), 0) AS BIGINT) AS orders,
  CAST(sum(CAST(s.net_revenue AS DECIMAL(28,4))) AS DOUBLE) AS net_revenue,
  CAST(sum(CAST(s.spend_365 AS DECIMAL(28,4))) AS DOUBLE) AS spend_365,
  avg(s.recency_days) AS recency_days,
  avg(CAST(c.churn_risk AS DECIMAL(18,9))) AS churn_risk,
  CAST(sum(CAST(c.expected_orders AS DECIMAL(18,6))) AS DOUBLE) AS expected_orders,
  CAST(sum(CAST(c.clv AS DECIMAL(28,4))) AS DOUBLE) AS clv
FROM scores AS c
INNER JOIN summary AS s ON c.customer_id = s.customer_id
WHERE c.cluster IS NOT NULL
GROUP BY c.cluster
ORDER BY customers DESC, c.cluster

-- Customers, revenue and outlook of each cluster.
-- spend_365 is the net amount of orders in the 365 days up to the day, before refunds.
-- grain:  cluster
-- reads:  groups_scored
-- gives:  cluster VARCHAR, customers BIGINT, orders BIGINT, net_revenue DOUBLE, spend_365 DOUBLE, recency_days DOUBLE,
--         churn_risk DOUBLE, expected_orders DOUBLE, clv DOUBLE
SELECT
  CAST(cluster AS VARCHAR) AS cluster,
  CAST(sum(customers) AS BIGINT) AS customers,
  CAST(COALESCE(sum(orders), 0) AS BIGINT) AS orders,
  CAST(sum(net_revenue) AS DOUBLE) AS net_revenue,
  CAST(sum(spend_365) AS DOUBLE) AS spend_365,
  CAST(sum(recency_days) AS DOUBLE) / sum(silent) AS recency_days,
  CAST(sum(churn_risk) AS DOUBLE) / sum(at_risk) AS churn_risk,
  CAST(sum(expected_orders) AS DOUBLE) AS expected_orders,
  CAST(sum(clv) AS DOUBLE) AS clv
FROM groups_scored
WHERE cluster IS NOT NULL
GROUP BY cluster
ORDER BY customers DESC, groups_scored.cluster

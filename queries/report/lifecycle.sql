-- Customers, revenue and outlook of each lifecycle stage; prospects have no revenue.
-- spend_365 is the net amount of orders in the 365 days up to the day, before refunds.
-- grain:  lifecycle_stage
-- reads:  groups_scored
-- gives:  lifecycle_stage VARCHAR, customers BIGINT, orders BIGINT, net_revenue DOUBLE, spend_365 DOUBLE, recency_days DOUBLE,
--         churn_risk DOUBLE, expected_orders DOUBLE, clv DOUBLE
SELECT
  CAST(lifecycle_stage AS VARCHAR) AS lifecycle_stage,
  CAST(sum(customers) AS BIGINT) AS customers,
  CAST(COALESCE(sum(orders), 0) AS BIGINT) AS orders,
  CAST(sum(net_revenue) AS DOUBLE) AS net_revenue,
  CAST(sum(spend_365) AS DOUBLE) AS spend_365,
  CAST(sum(recency_days) AS DOUBLE) / sum(silent) AS recency_days,
  CAST(sum(churn_risk) AS DOUBLE) / sum(at_risk) AS churn_risk,
  CAST(sum(expected_orders) AS DOUBLE) AS expected_orders,
  CAST(sum(clv) AS DOUBLE) AS clv
FROM groups_scored
WHERE lifecycle_stage IS NOT NULL
GROUP BY lifecycle_stage
ORDER BY 1

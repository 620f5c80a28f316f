-- How many customers with an order have each score, and what the scores add up to. A count of zero is a model that gave nothing.
-- grain:
-- reads:  scores
-- gives:  customers BIGINT, rfm BIGINT, p_alive BIGINT, churn BIGINT, expected BIGINT, clv BIGINT, lifecycle BIGINT,
--         alive_sum DOUBLE, expected_orders_sum DOUBLE, clv_sum DOUBLE
SELECT
  count(CASE WHEN orders > 0 THEN 1 END) AS customers,
  count(rfm_segment) AS rfm,
  count(p_alive) AS p_alive,
  count(churn_risk) AS churn,
  count(expected_orders) AS expected,
  count(clv) AS clv,
  count(lifecycle_stage) AS lifecycle,
  CAST(sum(CAST(p_alive AS DECIMAL(18,9))) AS DOUBLE) AS alive_sum,
  CAST(sum(CAST(expected_orders AS DECIMAL(18,6))) AS DOUBLE) AS expected_orders_sum,
  CAST(sum(CAST(clv AS DECIMAL(28,4))) AS DOUBLE) AS clv_sum
FROM scores

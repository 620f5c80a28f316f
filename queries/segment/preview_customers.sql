-- The customers that a rule chooses, the most valuable first. It is run with chosen before it: the rows of scores for which the
-- rule holds.
-- grain:  customer_id
-- reads:  chosen
-- gives:  customer_id VARCHAR, orders BIGINT, recency_days BIGINT, net_revenue DOUBLE, rfm_code VARCHAR, rfm_segment VARCHAR,
--         lifecycle_stage VARCHAR, churn_risk DOUBLE, next_order_on DATE, expected_orders DOUBLE, clv DOUBLE
SELECT customer_id, orders, recency_days, net_revenue, rfm_code, rfm_segment, lifecycle_stage,
  churn_risk, next_order_on, expected_orders, clv
FROM chosen
ORDER BY clv DESC NULLS LAST, net_revenue DESC NULLS LAST, customer_id
LIMIT CASE WHEN $limit = 0 THEN 9223372036854775807 ELSE $limit END

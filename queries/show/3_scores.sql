-- The customer's scores in the latest runs, the newest first.
-- grain:  as_of
-- reads:  scores
-- gives:  as_of DATE, orders BIGINT, recency_days BIGINT, tenure_days BIGINT, net_revenue DOUBLE, rfm_code VARCHAR, rfm_segment VARCHAR,
--         rfm_cell VARCHAR, lifecycle_stage VARCHAR, p_alive DOUBLE, churn_risk DOUBLE, churn_band VARCHAR, next_order_on DATE,
--         expected_orders DOUBLE, expected_orders_low DOUBLE, expected_orders_high DOUBLE, expected_spend DOUBLE, clv DOUBLE, clv_low DOUBLE, clv_high DOUBLE
SELECT as_of, orders, recency_days, tenure_days, net_revenue, rfm_code, rfm_segment, rfm_cell, lifecycle_stage, p_alive, churn_risk,
  churn_band, next_order_on, expected_orders, expected_orders_low, expected_orders_high, expected_spend, clv, clv_low, clv_high
FROM scores WHERE customer_id = $customer ORDER BY as_of DESC LIMIT 12

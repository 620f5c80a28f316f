-- Customers of one segment of one run, the most valuable first.
-- grain:  customer_id
-- reads:  segment_members, scores
-- gives:  customer_id VARCHAR, orders BIGINT, recency_days BIGINT, net_revenue DOUBLE, rfm_code VARCHAR, rfm_segment VARCHAR,
--         lifecycle_stage VARCHAR, churn_risk DOUBLE, next_order_on DATE, expected_orders DOUBLE, clv DOUBLE
SELECT s.customer_id, s.orders, s.recency_days, s.net_revenue, s.rfm_code, s.rfm_segment, s.lifecycle_stage,
  s.churn_risk, s.next_order_on, s.expected_orders, s.clv
FROM scores AS s
WHERE s.as_of = CAST($as_of AS DATE)
  AND s.customer_id IN (SELECT m.customer_id FROM segment_members AS m WHERE m.as_of = s.as_of AND m.segment = $segment)
ORDER BY s.clv DESC NULLS LAST, s.net_revenue DESC NULLS LAST, s.customer_id
LIMIT CASE WHEN $limit = 0 THEN 9223372036854775807 ELSE $limit END

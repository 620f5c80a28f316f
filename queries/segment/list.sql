-- Segments of one run: customers, what they bought, and what is expected of them.
-- grain:  scheme, segment
-- reads:  segment_members, scores
-- gives:  scheme VARCHAR, segment VARCHAR, customers BIGINT, orders BIGINT, net_revenue DOUBLE, average_order_value DOUBLE,
--         recency_days DOUBLE, churn_risk DOUBLE, clv DOUBLE
SELECT m.scheme, m.segment, count(*) AS customers,
  CAST(sum(s.orders) AS BIGINT) AS orders,
  CAST(sum(CAST(s.net_revenue AS DECIMAL(28,4))) AS DOUBLE) AS net_revenue,
  CAST(sum(CAST(s.net_revenue AS DECIMAL(28,4))) AS DOUBLE) / NULLIF(sum(s.orders), 0) AS average_order_value,
  avg(s.recency_days) AS recency_days,
  CAST(sum(CAST(s.churn_risk AS DECIMAL(28,12))) AS DOUBLE) / NULLIF(count(s.churn_risk), 0) AS churn_risk,
  CAST(sum(CAST(s.clv AS DECIMAL(28,4))) AS DOUBLE) AS clv
FROM segment_members AS m JOIN scores AS s ON m.as_of = s.as_of AND m.customer_id = s.customer_id
WHERE m.as_of = CAST($as_of AS DATE)
GROUP BY m.scheme, m.segment
ORDER BY m.scheme DESC, net_revenue DESC NULLS LAST, m.segment

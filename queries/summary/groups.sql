-- Customers by all that reports group them by, with the sums that their tables show: what the
-- reports tell of segments, stages, bands and clusters is added up from these few rows.
-- tenth is the churn risk in ten steps of equal width (0 is below 0.1, 9 is 0.9 to 1).
-- grain:  rfm_segment, lifecycle_stage, churn_band, cluster, tenth
-- reads:  scores, summary
-- gives:  rfm_segment VARCHAR, lifecycle_stage VARCHAR, churn_band VARCHAR, cluster VARCHAR, tenth BIGINT, customers BIGINT,
--         orders HUGEINT, net_revenue DECIMAL(38,4), spend_365 DECIMAL(38,4), silent BIGINT, recency_days HUGEINT,
--         at_risk BIGINT, churn_risk DECIMAL(38,9), expected_orders DECIMAL(38,6), clv DECIMAL(38,4)
SELECT
  c.rfm_segment,
  c.lifecycle_stage,
  c.churn_band,
  c.cluster,
  CASE WHEN c.churn_risk IS NOT NULL THEN CAST(least(floor(c.churn_risk * 10), 9) AS BIGINT) END AS tenth,
  count(*) AS customers,
  sum(s.orders) AS orders,
  sum(CAST(s.net_revenue AS DECIMAL(28,4))) AS net_revenue,
  sum(CAST(s.spend_365 AS DECIMAL(28,4))) AS spend_365,
  count(s.recency_days) AS silent,
  sum(s.recency_days) AS recency_days,
  count(c.churn_risk) AS at_risk,
  sum(CAST(c.churn_risk AS DECIMAL(18,9))) AS churn_risk,
  sum(CAST(c.expected_orders AS DECIMAL(18,6))) AS expected_orders,
  sum(CAST(c.clv AS DECIMAL(28,4))) AS clv
FROM scores AS c
INNER JOIN summary AS s ON c.customer_id = s.customer_id
GROUP BY c.rfm_segment, c.lifecycle_stage, c.churn_band, c.cluster, tenth

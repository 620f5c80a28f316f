-- All customers of one run with what is known of them, and whether they are in a segment.
-- reads:  one_scores, one_members, one_customers
-- gives:  inside BOOLEAN, recency_days BIGINT, tenure_days BIGINT, orders BIGINT, net_revenue DOUBLE, average_order_value DOUBLE,
--         p_alive DOUBLE, churn_risk DOUBLE, expected_orders DOUBLE, expected_spend DOUBLE, clv DOUBLE, age BIGINT,
--         rfm_segment VARCHAR, rfm_cell VARCHAR, lifecycle_stage VARCHAR, churn_band VARCHAR, cluster VARCHAR,
--         acquired_channel VARCHAR, gender VARCHAR, country VARCHAR, region VARCHAR, city VARCHAR, email_consent VARCHAR, sms_consent VARCHAR
WITH members AS (
  SELECT customer_id FROM one_members WHERE scheme = $scheme AND segment = $segment
)
SELECT m.customer_id IS NOT NULL AS inside, s.recency_days, s.tenure_days, s.orders, s.net_revenue, s.average_order_value,
  s.p_alive, s.churn_risk, s.expected_orders, s.expected_spend, s.clv, datesub('year', c.birth_date, s.as_of) AS age,
  s.rfm_segment, s.rfm_cell, s.lifecycle_stage, s.churn_band, s.cluster,
  c.acquired_channel, c.gender, c.country, c.region, c.city,
  CASE WHEN c.email_consent THEN 'yes' WHEN NOT c.email_consent THEN 'no' END AS email_consent,
  CASE WHEN c.sms_consent THEN 'yes' WHEN NOT c.sms_consent THEN 'no' END AS sms_consent
FROM one_scores AS s
LEFT JOIN members AS m ON s.customer_id = m.customer_id
LEFT JOIN one_customers AS c ON s.customer_id = c.customer_id

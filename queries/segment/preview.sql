-- What the customers that a rule chooses are worth, and their share of all customers of the run. It is run with chosen before it:
-- the rows of scores for which the rule holds.
-- reads:  chosen, scores
-- gives:  customers BIGINT, share DOUBLE, orders BIGINT, net_revenue DOUBLE, revenue_share DOUBLE, clv DOUBLE, expected_orders DOUBLE,
--         churn_risk DOUBLE, recency_days DOUBLE
SELECT m.customers, m.customers / NULLIF(e.customers, 0) AS share, m.orders,
  m.net_revenue, m.net_revenue / NULLIF(e.net_revenue, 0) AS revenue_share,
  m.clv, m.expected_orders, m.churn_risk, m.recency_days
FROM (
  SELECT count(*) AS customers, CAST(sum(orders) AS BIGINT) AS orders,
    CAST(sum(CAST(net_revenue AS DECIMAL(18,4))) AS DOUBLE) AS net_revenue,
    CAST(sum(CAST(clv AS DECIMAL(18,4))) AS DOUBLE) AS clv,
    CAST(sum(CAST(expected_orders AS DECIMAL(18,6))) AS DOUBLE) AS expected_orders,
    CAST(sum(CAST(churn_risk AS DECIMAL(18,12))) AS DOUBLE) / NULLIF(count(churn_risk), 0) AS churn_risk,
    avg(recency_days) AS recency_days
  FROM chosen
) AS m
CROSS JOIN (
  SELECT count(*) AS customers, CAST(sum(CAST(net_revenue AS DECIMAL(18,4))) AS DOUBLE) AS net_revenue FROM scores
) AS e

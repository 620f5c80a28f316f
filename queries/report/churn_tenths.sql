-- Customers by churn risk in ten steps of equal width (0 is below 0.1, 9 is 0.9 to 1), with what they spent and are expected to spend.
-- spend_365 is the net amount of orders in the 365 days up to the day, before refunds.
-- grain:  tenth
-- reads:  scores, summary
-- gives:  tenth BIGINT, customers BIGINT, spend_365 DOUBLE, clv DOUBLE
SELECT
  CAST(least(floor(c.churn_risk * 10), 9) AS BIGINT) AS tenth,
  count(*) AS customers,
  CAST(sum(CAST(s.spend_365 AS DECIMAL(28,4))) AS DOUBLE) AS spend_365,
  CAST(sum(CAST(c.clv AS DECIMAL(28,4))) AS DOUBLE) AS clv
FROM scores AS c
INNER JOIN summary AS s ON c.customer_id = s.customer_id
WHERE c.churn_risk IS NOT NULL
GROUP BY 1
ORDER BY 1

-- Customers by churn risk in ten steps of equal width (0 is below 0.1, 9 is 0.9 to 1), with what they spent and are expected to spend.
-- spend_365 is the net amount of orders in the 365 days up to the day, before refunds.
-- grain:  tenth
-- reads:  groups_scored
-- gives:  tenth BIGINT, customers BIGINT, spend_365 DOUBLE, clv DOUBLE
SELECT
  tenth,
  CAST(sum(customers) AS BIGINT) AS customers,
  CAST(sum(spend_365) AS DOUBLE) AS spend_365,
  CAST(sum(clv) AS DOUBLE) AS clv
FROM groups_scored
WHERE tenth IS NOT NULL
GROUP BY tenth
ORDER BY tenth

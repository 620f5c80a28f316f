-- Customers and their net revenue by recency and frequency score.
-- grain:  r_score, f_score
-- reads:  scores
-- gives:  r_score BIGINT, f_score BIGINT, customers BIGINT, net_revenue DOUBLE
SELECT
  CAST(r_score AS BIGINT) AS r_score,
  CAST(f_score AS BIGINT) AS f_score,
  count(*) AS customers,
  CAST(sum(CAST(net_revenue AS DECIMAL(28,4))) AS DOUBLE) AS net_revenue
FROM scores
WHERE r_score IS NOT NULL AND f_score IS NOT NULL
GROUP BY r_score, f_score
ORDER BY r_score, f_score

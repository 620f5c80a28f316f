-- What puts customers into the high churn band: the family of facts that raises each one's risk most.
-- effect is the mean of its log odds; none is a customer whose risk nothing raises above the average customer's.
-- grain:  reason
-- reads:  scores, reasons
-- gives:  reason VARCHAR, customers BIGINT, effect DOUBLE
WITH high AS (
  SELECT r.*, greatest(r.silence, r.purchases, r.tenure, r.refunds, r.interactions, r.responses) AS most
  FROM reasons AS r
  INNER JOIN scores AS s ON r.customer_id = s.customer_id
  WHERE s.churn_band = 'high'
),
led AS (
  SELECT most, CASE
    WHEN most <= 0 THEN 'none'
    WHEN silence = most THEN 'silence'
    WHEN purchases = most THEN 'purchases'
    WHEN tenure = most THEN 'tenure'
    WHEN refunds = most THEN 'refunds'
    WHEN interactions = most THEN 'interactions'
    ELSE 'responses'
  END AS reason
  FROM high
)
SELECT reason, count(*) AS customers, avg(CAST(most AS DECIMAL(18,9))) AS effect
FROM led
GROUP BY reason
ORDER BY reason

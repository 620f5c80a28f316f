-- Orders of which more was given back than they were worth; of order ids that two sources use, nothing is said.
-- severity: warning
-- grain:  source, order_id
-- reads:  orders, refunds
-- gives:  source VARCHAR, order_id VARCHAR, net DECIMAL(18,4), refunded DECIMAL(38,4)
WITH known AS (
  SELECT order_id, min(source) AS source, min(net) AS net
  FROM orders
  WHERE order_id IN (SELECT order_id FROM refunds)
  GROUP BY order_id
  HAVING count(*) = 1
),
sums AS (
  SELECT order_id, sum(amount) AS refunded
  FROM refunds
  WHERE counted AND order_id IS NOT NULL
  GROUP BY order_id
)
SELECT k.source, k.order_id, k.net, s.refunded
FROM known AS k
JOIN sums AS s ON k.order_id = s.order_id
WHERE s.refunded > k.net + 0.01
ORDER BY k.source, k.order_id

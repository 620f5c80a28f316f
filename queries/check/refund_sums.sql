-- Orders of which more was given back than was paid for them, with tax and shipping; of order ids that two sources use,
-- nothing is said.
-- severity: warning
-- grain:  source, order_id
-- reads:  facts.orders, facts.settled_refunds
-- gives:  source VARCHAR, order_id VARCHAR, net DECIMAL(18,4), refunded DECIMAL(38,4)
WITH sums AS (
  SELECT order_id, sum(amount) AS refunded
  FROM facts.settled_refunds
  WHERE counted AND order_id IS NOT NULL
  GROUP BY order_id
),
known AS (
  SELECT o.order_id, min(o.source) AS source, min(o.net) AS net, min(o.net + COALESCE(o.tax, 0) + COALESCE(o.shipping, 0)) AS paid
  FROM facts.orders AS o
  SEMI JOIN sums AS s ON o.order_id = s.order_id
  WHERE o.net >= 0
  GROUP BY o.order_id
  HAVING count(*) = 1
)
SELECT k.source, k.order_id, k.net, s.refunded
FROM known AS k
JOIN sums AS s ON k.order_id = s.order_id
WHERE s.refunded > k.paid + 0.01
ORDER BY k.source, k.order_id

-- Refunds of the orders that a rule leaves out: those that name the order, in its own source or in one without orders of its
-- own, and orders below zero, which are refunds themselves.
-- grain:  source, refund_id
-- reads:  facts.settled_refunds, excluded_orders, batches
-- gives:  source VARCHAR, refund_id VARCHAR
WITH sellers AS (
  SELECT DISTINCT source FROM batches WHERE kind = 'orders' AND state = 'loaded'
)
SELECT r.source, r.refund_id
FROM facts.settled_refunds AS r
INNER JOIN excluded_orders AS x ON r.order_id = x.order_id
WHERE r.source = x.source OR r.source NOT IN (SELECT source FROM sellers)
UNION
SELECT r.source, r.refund_id
FROM facts.settled_refunds AS r
INNER JOIN excluded_orders AS x ON r.source = x.source AND r.refund_id = x.order_id AND x.below_zero
WHERE r.order_id IS NULL
ORDER BY source, refund_id

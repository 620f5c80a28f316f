-- Versions of orders that a row of the file replaces are kept aside; the refunds
-- that they told of go. Lines go only where the file brings others (orders_lines).
INSERT INTO facts.superseded_orders
SELECT o.*, $batch FROM facts.orders AS o
WHERE o.source = $source AND o.order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

DELETE FROM facts.orders WHERE source = $source AND order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

DELETE FROM facts.refunds WHERE source = $source
  AND batch_id IN (SELECT batch_id FROM batches WHERE kind = 'orders')
  AND refund_id IN (SELECT id FROM aside WHERE outcome = 'replaces' UNION ALL SELECT id || ':refund' FROM aside WHERE outcome = 'replaces');

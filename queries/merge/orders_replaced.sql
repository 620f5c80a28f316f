-- Versions of orders that a row of the file replaces are kept aside, with their
-- lines; the refunds that they told of go.
INSERT INTO facts.superseded_orders
SELECT o.*, $batch FROM facts.orders AS o
WHERE o.source = $source AND o.order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

INSERT INTO facts.superseded_order_lines
SELECT l.*, $batch FROM facts.order_lines AS l
WHERE l.source = $source AND l.order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

DELETE FROM facts.orders WHERE source = $source AND order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

DELETE FROM facts.order_lines WHERE source = $source AND order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

DELETE FROM facts.refunds WHERE source = $source
  AND refund_id IN (SELECT id FROM aside WHERE outcome = 'replaces' UNION ALL SELECT id || ':refund' FROM aside WHERE outcome = 'replaces');

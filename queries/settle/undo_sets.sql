-- Orders to whose lines a batch of order lines brought a set, or a copy of one.
INSERT INTO changed_orders
SELECT DISTINCT source, order_id FROM facts.order_lines WHERE batch_id = $batch
UNION SELECT DISTINCT source, order_id FROM facts.superseded_order_lines WHERE batch_id = $batch
UNION SELECT source, id FROM facts.repeats WHERE batch_id = $batch AND kind = 'order-lines';

-- The lines of the file's orders, in the place of any that the source brought
-- for them before.
INSERT INTO facts.superseded_order_lines
SELECT l.*, $batch FROM facts.order_lines AS l
WHERE l.source = $source AND l.order_id IN (
  SELECT s.order_id FROM stage_lines AS s WHERE s.order_id NOT IN (SELECT id FROM aside WHERE outcome IN ('duplicate', 'superseded')));

DELETE FROM facts.order_lines WHERE source = $source AND order_id IN (
  SELECT s.order_id FROM stage_lines AS s WHERE s.order_id NOT IN (SELECT id FROM aside WHERE outcome IN ('duplicate', 'superseded')));

INSERT INTO facts.order_lines
SELECT $source, order_id, number, product_id, quantity, unit_price, discount, net, cost, content, $batch, line
FROM stage_lines
WHERE order_id NOT IN (SELECT id FROM aside WHERE outcome IN ('duplicate', 'superseded'));

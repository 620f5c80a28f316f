-- The lines of the file's orders.
INSERT INTO facts.order_lines
SELECT $source, order_id, number, product_id, quantity, unit_price, discount, net, cost, content, $batch, line
FROM stage_lines
WHERE order_id NOT IN (SELECT id FROM aside WHERE outcome IN ('duplicate', 'superseded'));

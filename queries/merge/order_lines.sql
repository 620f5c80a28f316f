-- Lines that orders of the file have. Each belongs to the version of its order.
INSERT INTO facts.order_lines
SELECT $source, l.order_id, l.number, l.product_id, l.article, l.quantity, converted(l.unit_price, o.rate), converted(l.discount, o.rate),
  converted(l.net, o.rate), converted(l.cost, o.rate), CAST(o.rate AS DECIMAL(20,12)), 'order', o.content, o.updated_at, $batch, l.line
FROM stage_lines AS l JOIN stage AS o ON l.order_id = o.id AND (l.content = o.content OR NOT $single);

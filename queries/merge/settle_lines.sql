-- Orders that came without an amount are worth the sum of their lines.
UPDATE facts.orders SET net = l.net
FROM (
  SELECT source, order_id, CAST(sum(net) AS DECIMAL(18,4)) AS net FROM facts.order_lines
  WHERE (source, order_id) IN (SELECT (source, order_id) FROM facts.orders WHERE original_net IS NULL)
  GROUP BY source, order_id HAVING count(net) > 0
) AS l
WHERE facts.orders.original_net IS NULL AND facts.orders.source = l.source AND facts.orders.order_id = l.order_id AND facts.orders.net <> l.net;

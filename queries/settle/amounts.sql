-- Orders that came without an amount are worth the sum of their lines, as far as
-- they are known.
UPDATE facts.orders SET net = l.net
FROM (
  SELECT o.source, o.order_id, CAST(coalesce(sum(l.net), 0) AS DECIMAL(18,4)) AS net
  FROM facts.orders AS o LEFT JOIN facts.order_lines AS l ON o.source = l.source AND o.order_id = l.order_id
  WHERE o.original_net IS NULL GROUP BY o.source, o.order_id
) AS l
WHERE facts.orders.original_net IS NULL AND facts.orders.source = l.source AND facts.orders.order_id = l.order_id AND facts.orders.net <> l.net;

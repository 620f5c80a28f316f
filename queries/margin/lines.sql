-- The same as margin/orders, where an order without a cost has that of its lines, if
-- all of them have one, of their own or of their product.
-- reads:  kept_orders, facts.order_lines, products, bounds
-- gives:  sales DOUBLE, costed DOUBLE, cost DOUBLE
WITH lines AS (
  SELECT l.source, l.order_id,
    sum(coalesce(l.cost, CAST(p.cost * l.quantity AS DECIMAL(18,4)))) AS cost,
    bool_and(l.cost IS NOT NULL OR p.cost IS NOT NULL AND l.quantity IS NOT NULL) AS known
  FROM facts.order_lines AS l
  LEFT JOIN products AS p ON l.product_id = p.product_id
  GROUP BY l.source, l.order_id
),
priced AS (
  SELECT o.net, coalesce(o.cost, CASE WHEN l.known THEN l.cost END) AS cost
  FROM kept_orders AS o
  CROSS JOIN bounds AS b
  LEFT JOIN lines AS l ON o.source = l.source AND o.order_id = l.order_id
  WHERE o.counted
    AND o.net >= b.smallest_net
    AND o.net >= 0
    AND o.ordered_day <= b.as_of_day
)
SELECT coalesce(CAST(sum(net) AS DOUBLE), 0) AS sales,
  coalesce(CAST(sum(net) FILTER (cost IS NOT NULL) AS DOUBLE), 0) AS costed,
  coalesce(CAST(sum(cost) AS DOUBLE), 0) AS cost
FROM priced

-- Orders whose lines all have an amount and do not add up to the order's net within a cent a line
-- although the order has no discount, shipping or tax of its own.
-- severity: warning
-- grain:  source, order_id
-- reads:  orders, order_lines
-- gives:  source VARCHAR, order_id VARCHAR, net DECIMAL(18,4), lines DECIMAL(18,4)
WITH sums AS (
  SELECT source, order_id, CAST(sum(net) AS DECIMAL(18,4)) AS lines, count(*) AS n
  FROM order_lines
  GROUP BY source, order_id
  HAVING count(*) = count(net)
)
SELECT o.source, o.order_id, o.net, s.lines
FROM orders AS o
JOIN sums AS s ON o.source = s.source AND o.order_id = s.order_id
WHERE COALESCE(o.discount, 0) = 0 AND COALESCE(o.shipping, 0) = 0 AND COALESCE(o.tax, 0) = 0
  AND abs(o.net - s.lines) > 0.01 * s.n
ORDER BY o.source, o.order_id

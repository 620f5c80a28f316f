-- Orders whose lines all have an amount and do not add up to the order's net within a cent a line
-- although the order has no discount, shipping or tax of its own. Lines at list prices may add up to the order's amount
-- before discounts instead: many shops tell what an order cost before and after, and not the discount. Lines are brought
-- together by hashes of their orders' ids, and what does not add up that way is added up again by the ids themselves.
-- severity: warning
-- grain:  source, order_id
-- reads:  facts.orders, facts.order_lines
-- gives:  source VARCHAR, order_id VARCHAR, net DECIMAL(18,4), lines DECIMAL(18,4)
WITH hashed AS (
  SELECT hash(source, order_id) AS h, sum(net) AS lines, count(*) AS n
  FROM facts.order_lines
  GROUP BY h
  HAVING count(*) = count(net)
),
doubtful AS (
  SELECT o.source, o.order_id, o.net, COALESCE(o.gross, o.net) AS listed
  FROM facts.orders AS o
  JOIN hashed AS s ON hash(o.source, o.order_id) = s.h
  WHERE o.net >= 0 AND COALESCE(o.discount, 0) = 0 AND COALESCE(o.shipping, 0) = 0 AND COALESCE(o.tax, 0) = 0
    AND abs(o.net - s.lines) > 0.01 * s.n AND abs(COALESCE(o.gross, o.net) - s.lines) > 0.01 * s.n
),
sums AS (
  SELECT d.source, d.order_id, d.net, d.listed, CAST(sum(l.net) AS DECIMAL(18,4)) AS lines, count(*) AS n, count(l.net) AS told
  FROM doubtful AS d
  JOIN facts.order_lines AS l ON d.source = l.source AND d.order_id = l.order_id
  GROUP BY d.source, d.order_id, d.net, d.listed
)
SELECT source, order_id, net, lines
FROM sums
WHERE n = told AND abs(net - lines) > 0.01 * n AND abs(listed - lines) > 0.01 * n
ORDER BY source, order_id

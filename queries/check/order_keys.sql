-- Orders that stand more than once. Hashes find which may, and only those are compared as they are written.
-- severity: error
-- grain:  source, order_id
-- reads:  facts.orders
-- gives:  source VARCHAR, order_id VARCHAR, versions BIGINT
WITH alike AS (
  SELECT hash(source, order_id) AS h
  FROM facts.orders
  WHERE net >= 0
  GROUP BY h
  HAVING count(*) > 1
)
SELECT o.source, o.order_id, count(*) AS versions
FROM facts.orders AS o
SEMI JOIN alike AS a ON hash(o.source, o.order_id) = a.h
WHERE o.net >= 0
GROUP BY o.source, o.order_id
HAVING count(*) > 1
ORDER BY o.source, o.order_id

-- Orders that stand more than once.
-- severity: error
-- grain:  source, order_id
-- reads:  orders
-- gives:  source VARCHAR, order_id VARCHAR, versions BIGINT
SELECT source, order_id, count(*) AS versions
FROM orders
GROUP BY source, order_id
HAVING count(*) > 1
ORDER BY source, order_id

-- Orders of each source on each day that has any, up to the as-of day.
-- grain:  source, day
-- reads:  orders_told, bounds
-- gives:  source VARCHAR, day DATE, orders BIGINT
SELECT o.source, CAST(DATE '1970-01-01' + o.day AS DATE) AS day, CAST(sum(o.orders) AS BIGINT) AS orders
FROM orders_told AS o
CROSS JOIN bounds AS b
WHERE o.day <= b.as_of_day
GROUP BY o.source, o.day
ORDER BY o.source, o.day

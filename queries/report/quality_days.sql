-- Orders of each source on each day that has any, up to the as-of day.
-- grain:  source, day
-- reads:  facts.orders, bounds
-- gives:  source VARCHAR, day DATE, orders BIGINT
SELECT o.source, o.ordered_on AS day, count(*) AS orders
FROM facts.orders AS o
CROSS JOIN bounds AS b
WHERE o.net >= 0 AND o.ordered_day <= b.as_of_day
GROUP BY o.source, o.ordered_on
ORDER BY o.source, day

-- Orders that count and name no customer, of each day up to the as-of day, where rules leave some out or those of nothing
-- do not count.
-- grain:  day
-- reads:  kept_orders, bounds
-- gives:  day INTEGER, orders BIGINT, net DECIMAL(38,4)
SELECT o.ordered_day AS day, count(*) AS orders, CAST(sum(o.net) AS DECIMAL(38,4)) AS net
FROM kept_orders AS o
CROSS JOIN bounds AS b
WHERE o.counted AND o.member IS NULL AND o.net >= b.smallest_net AND o.ordered_day <= b.as_of_day
GROUP BY o.ordered_day

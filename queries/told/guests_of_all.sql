-- The same as told/guests where no rule leaves anything out and orders of nothing count: without looking at orders again.
-- grain:  day
-- reads:  orders_told, bounds
-- gives:  day INTEGER, orders BIGINT, net DECIMAL(38,4)
SELECT o.day, CAST(sum(o.orders) AS BIGINT) AS orders, CAST(sum(o.net) AS DECIMAL(38,4)) AS net
FROM orders_told AS o
CROSS JOIN bounds AS b
WHERE o.counted AND o.guest AND o.day <= b.as_of_day
GROUP BY o.day

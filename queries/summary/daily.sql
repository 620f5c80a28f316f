-- Purchase days: what each customer bought on each day up to the as-of day.
-- Orders of one day are one purchase day. Portable (Spark, Trino): joins,
-- sums and integer comparisons only. kept_orders are the orders that no rule of
-- the configuration leaves out. No smallest_net is below zero, so orders that are
-- refunds do not count.
-- grain:  person, day
-- reads:  kept_orders, identities, bounds
-- gives:  person BIGINT, day INTEGER, orders BIGINT, net DECIMAL(28,4)
SELECT i.person, o.ordered_day AS day, count(*) AS orders, CAST(sum(o.net) AS DECIMAL(28,4)) AS net
FROM kept_orders AS o
INNER JOIN identities AS i ON o.member = i.member
CROSS JOIN bounds AS b
WHERE o.counted = true
  AND o.ordered_day <= b.as_of_day
  AND o.net >= b.smallest_net
GROUP BY i.person, o.ordered_day

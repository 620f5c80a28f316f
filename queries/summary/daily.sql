-- Purchase days: what each customer bought on each day up to the as-of day.
-- Orders of one day are one purchase day. Portable (Spark, Trino): joins,
-- sums and integer comparisons only.
-- grain:  person, day
-- reads:  facts.orders, identities, bounds
-- gives:  person INTEGER, day INTEGER, orders BIGINT, net DECIMAL(28,4)
SELECT i.person, o.ordered_day AS day, count(*) AS orders, CAST(sum(o.net) AS DECIMAL(28,4)) AS net
FROM facts.orders AS o
INNER JOIN identities AS i ON o.member = i.member
CROSS JOIN bounds AS b
WHERE o.counted = true
  AND o.ordered_day <= b.as_of_day
  AND o.net >= b.smallest_net
GROUP BY i.person, o.ordered_day

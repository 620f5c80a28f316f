-- Purchase days up to and including the as-of day, of those that are looked back on:
-- in the place of summary/daily, all that the summary of an earlier day sees of purchases.
-- grain:  person, day
-- reads:  every_day, bounds
-- gives:  person BIGINT, day INTEGER, orders BIGINT, net DECIMAL(28,4)
SELECT e.person, e.day, e.orders, e.net
FROM every_day AS e
CROSS JOIN bounds AS b
WHERE e.day <= b.as_of_day

-- Purchase days of one customer of so many, by the hash that is the person's number:
-- models look back on them.
-- grain:  person, day
-- reads:  daily
-- gives:  person BIGINT, day INTEGER, orders BIGINT, net DECIMAL(28,4)
SELECT person, day, orders, net
FROM daily
WHERE person % $every = 0

-- Orders that count, up to the as-of day and of some days and some customers, whom the
-- temporary table buyers numbers: what purchase days are made of. Guests are left out.
-- reads:  kept_orders, buyers, bounds
-- gives:  number INTEGER, day INTEGER, net DECIMAL(18,4)
SELECT p.number, o.ordered_day AS day, o.net
FROM kept_orders AS o
INNER JOIN buyers AS p ON o.member = p.member
CROSS JOIN bounds AS b
WHERE o.counted = true
  AND o.ordered_day <= b.as_of_day
  AND o.net >= b.smallest_net
  AND o.ordered_day BETWEEN $first_day AND $last_day
  AND p.number BETWEEN $first AND $last

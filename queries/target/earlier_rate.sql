-- How many of an earlier selection ordered within so many days after its day: of as
-- great a part of it, the best ranked, as the list is of its own ranking.
-- reads:  target_past, target_ranked, identities, kept_orders, bounds
-- gives:  members BIGINT, buyers BIGINT
WITH ranked AS (
  SELECT count(*) AS n FROM target_ranked
),
chosen AS (
  SELECT p.person FROM target_past AS p CROSS JOIN ranked AS k
  WHERE (p.place - 1) * k.n < CAST($taken AS BIGINT) * p.among
),
bought AS (
  SELECT DISTINCT i.person
  FROM chosen AS c
  JOIN identities AS i ON c.person = i.person
  JOIN kept_orders AS o ON o.member = i.member
  CROSS JOIN bounds AS b
  WHERE o.counted AND o.net >= b.smallest_net AND o.ordered_day > CAST($day AS INTEGER) AND o.ordered_day <= CAST($day AS INTEGER) + CAST($days AS INTEGER)
)
SELECT count(*) AS members, count(b.person) AS buyers
FROM chosen AS c LEFT JOIN bought AS b ON c.person = b.person

-- The histories that models of repeat buying know of members of the list, as of the
-- day of the run; none of those who have not ordered by then.
-- grain:  person
-- reads:  target_sample, identities, kept_orders, bounds
-- gives:  person BIGINT, first_day INTEGER, last_day INTEGER, x BIGINT, t_x BIGINT, "T" BIGINT
WITH daily AS (
  SELECT DISTINCT i.person, o.ordered_day AS day
  FROM target_sample AS s
  JOIN identities AS i ON s.person = i.person
  JOIN kept_orders AS o ON o.member = i.member
  CROSS JOIN bounds AS b
  WHERE o.counted AND o.ordered_day <= b.as_of_day AND o.net >= b.smallest_net
)
SELECT d.person, min(d.day) AS first_day, max(d.day) AS last_day, count(*) - 1 AS x, CAST(max(d.day) - min(d.day) AS BIGINT) AS t_x,
  CAST(min(b.as_of_day) - min(d.day) AS BIGINT) AS "T"
FROM daily AS d CROSS JOIN bounds AS b
GROUP BY d.person
ORDER BY d.person

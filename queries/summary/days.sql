-- What was bought on each day up to the as-of day: by how many customers, and how many of
-- them for the first time. engine/bought_counts.go makes days_bought in one pass; a test
-- holds the two to each other.
-- grain:  day
-- reads:  daily, bounds
-- gives:  day INTEGER, orders BIGINT, net DECIMAL(18,4), buyers BIGINT, newcomers BIGINT
WITH firsts AS (
  SELECT person, min(day) AS first_day
  FROM daily
  GROUP BY person
)
SELECT d.day, CAST(sum(d.orders) AS BIGINT) AS orders, CAST(sum(d.net) AS DECIMAL(18,4)) AS net, count(*) AS buyers,
  CAST(sum(CASE WHEN d.day = f.first_day THEN 1 ELSE 0 END) AS BIGINT) AS newcomers
FROM daily AS d
INNER JOIN firsts AS f ON d.person = f.person
CROSS JOIN bounds AS b
WHERE d.day <= b.as_of_day
GROUP BY d.day

-- Repeat purchases of each day up to a last one, those of the customers who had
-- bought by the origin.
-- grain:  day
-- reads:  every_day
-- gives:  day INTEGER, repeats BIGINT
WITH known AS (
  SELECT person, min(day) AS first_day
  FROM every_day
  GROUP BY person
  HAVING min(day) <= $origin
)
SELECT e.day, count(*) FILTER (e.day > k.first_day) AS repeats
FROM every_day AS e
INNER JOIN known AS k ON e.person = k.person
WHERE e.day <= $last
GROUP BY e.day
ORDER BY e.day

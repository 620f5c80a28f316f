-- What came in the window after the as-of day: the purchase days of each customer who
-- bought in it, and what they came to.
-- grain:  person
-- reads:  every_day, bounds
-- gives:  person BIGINT, days BIGINT, net DOUBLE
SELECT e.person, count(*) AS days, CAST(sum(e.net) AS DOUBLE) AS net
FROM every_day AS e
CROSS JOIN bounds AS b
WHERE e.day > b.as_of_day
  AND e.day <= b.as_of_day + $window
GROUP BY e.person
ORDER BY e.person

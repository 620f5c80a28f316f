-- Interactions with customers up to the as-of day: of whom there are any, and how many lately. Portable.
-- grain:  person
-- reads:  facts.interactions, identities, bounds
-- gives:  person BIGINT, n_30 BIGINT, n_90 BIGINT, n_365 BIGINT
SELECT i.person,
  CAST(sum(CASE WHEN f.occurred_day > b.day_30 THEN 1 ELSE 0 END) AS BIGINT) AS n_30,
  CAST(sum(CASE WHEN f.occurred_day > b.day_90 THEN 1 ELSE 0 END) AS BIGINT) AS n_90,
  CAST(sum(CASE WHEN f.occurred_day > b.day_365 THEN 1 ELSE 0 END) AS BIGINT) AS n_365
FROM facts.interactions AS f
INNER JOIN identities AS i ON f.member = i.member
CROSS JOIN bounds AS b
WHERE f.occurred_day <= b.as_of_day
GROUP BY i.person

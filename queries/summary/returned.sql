-- What customers got back up to the as-of day. Portable.
-- grain:  person
-- reads:  kept_refunds, identities, bounds
-- gives:  person BIGINT, amount DECIMAL(38,4)
SELECT i.person, sum(r.amount) AS amount
FROM kept_refunds AS r
INNER JOIN identities AS i ON r.member = i.member
CROSS JOIN bounds AS b
WHERE r.counted = true AND r.refunded_day <= b.as_of_day
GROUP BY i.person

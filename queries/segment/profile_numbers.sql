-- How often each value of a column of numbers occurs inside a segment and outside, in ascending order.
-- grain:  value
-- reads:  profile_numbers
-- gives:  value DOUBLE, inside BIGINT, outside BIGINT
SELECT value, count(CASE WHEN inside THEN 1 END) AS inside, count(CASE WHEN NOT inside THEN 1 END) AS outside
FROM profile_numbers
WHERE isfinite(value)
GROUP BY value
ORDER BY value

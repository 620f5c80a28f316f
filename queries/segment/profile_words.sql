-- How often each word of a column occurs inside a segment and outside, the most frequent first.
-- grain:  value
-- reads:  profile_words
-- gives:  value VARCHAR, inside BIGINT, outside BIGINT
SELECT value, count(CASE WHEN inside THEN 1 END) AS inside, count(CASE WHEN NOT inside THEN 1 END) AS outside
FROM profile_words
WHERE value IS NOT NULL AND value <> ''
GROUP BY value
ORDER BY count(*) DESC, value

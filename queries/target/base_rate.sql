-- How many members of the list ordered within so many days up to the day of the run.
-- reads:  target_outcome, target_people, target_scores
-- gives:  members BIGINT, buyers BIGINT
SELECT count(*) AS members, count(*) FILTER (s.recency_days < CAST($days AS BIGINT)) AS buyers
FROM target_outcome AS o
JOIN target_people AS p ON o.person = p.person AND p.nth = 1
JOIN target_scores AS s ON p.run_id = s.run_id
WHERE o.arm IN (1, 2)

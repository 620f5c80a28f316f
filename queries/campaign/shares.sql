-- How the lists of campaign $campaign that were not cancelled were meant to be divided, as of the day of bounds.
-- grain:  list_id
-- reads:  lists, bounds
-- gives:  list_id VARCHAR, arm VARCHAR, members BIGINT, share DOUBLE
SELECT l.list_id, l.arm, l.treated + l.control AS members, l.share
FROM lists AS l CROSS JOIN bounds AS b
WHERE l.campaign_id = $campaign AND NOT l.cancelled AND l."on" - DATE '1970-01-01' <= b.as_of_day
ORDER BY l.list_id

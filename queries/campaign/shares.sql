-- How the lists of campaign $campaign that were not cancelled were meant to be divided.
-- grain:  list_id
-- reads:  lists
-- gives:  list_id VARCHAR, arm VARCHAR, members BIGINT, share DOUBLE
SELECT list_id, arm, treated + control AS members, share
FROM lists
WHERE campaign_id = $campaign AND NOT cancelled
ORDER BY list_id

-- The customers of a segment of a run, by the ids that they had then.
-- grain:  run_id
-- reads:  run_members
-- gives:  run_id VARCHAR
SELECT DISTINCT customer_id AS run_id FROM run_members WHERE scheme = $scheme AND segment = $segment

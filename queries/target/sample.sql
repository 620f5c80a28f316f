-- Every so manieth member of the list, by rank.
-- grain:  person
-- reads:  target_outcome
-- gives:  person BIGINT
SELECT person FROM target_outcome WHERE arm IN (1, 2) AND rank % CAST($step AS BIGINT) = 0

-- The members of the list, treated and kept back, by rank.
-- grain:  rank
-- reads:  target_outcome
-- gives:  list_id VARCHAR, customer_id VARCHAR, member BIGINT, arm VARCHAR, rank BIGINT, value DOUBLE, stratum VARCHAR
SELECT CAST($list AS VARCHAR) AS list_id, customer_id, person AS member, CASE arm WHEN 2 THEN 'control' ELSE CAST($arm AS VARCHAR) END AS arm, rank, value, stratum
FROM target_outcome
WHERE arm IN (1, 2)
ORDER BY rank

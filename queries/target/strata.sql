-- The strata, numbered.
-- grain:  number
-- reads:  target_ranked
-- gives:  stratum VARCHAR, number BIGINT
SELECT stratum, row_number() OVER (ORDER BY stratum NULLS FIRST) - 1 AS number
FROM (SELECT DISTINCT stratum FROM target_ranked)

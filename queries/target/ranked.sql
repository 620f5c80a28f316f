-- The ranking: one customer for each address, the best first.
-- grain:  position
-- reads:  target_placed
-- gives:  position BIGINT, person BIGINT, customer_id VARCHAR, contact VARCHAR, value DOUBLE, stratum VARCHAR, worth DOUBLE
SELECT row_number() OVER (ORDER BY worth DESC NULLS LAST, customer_id) - 1 AS position, person, customer_id, contact, value, stratum, worth
FROM target_placed
WHERE place = 1

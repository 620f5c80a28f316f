-- What became of the ranking. arm: 0 below the limit, 1 treated, 2 control group, 3
-- universal control group, 4 in another control group by now. rank counts the
-- members of the list.
-- grain:  position
-- reads:  target_ranked, target_arms
-- gives:  position BIGINT, person BIGINT, customer_id VARCHAR, value DOUBLE, stratum VARCHAR, arm BIGINT, reason VARCHAR, rank BIGINT, worth DOUBLE
SELECT k.position, k.person, k.customer_id, k.value, k.stratum, a.arm, a.reason, a.rank, k.worth
FROM target_ranked AS k JOIN target_arms AS a ON k.position = a.position

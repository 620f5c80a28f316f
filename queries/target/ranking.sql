-- A part of the ranking, with the numbers of the strata and the arms that customers
-- had in earlier lists of the campaign.
-- grain:  position
-- reads:  target_ranked, target_strata, target_prior
-- gives:  position BIGINT, customer_id VARCHAR, stratum BIGINT, control BOOLEAN
SELECT k.position, k.customer_id, s.number AS stratum, p.control
FROM target_ranked AS k
JOIN target_strata AS s ON k.stratum IS NOT DISTINCT FROM s.stratum
LEFT JOIN target_prior AS p ON k.person = p.person
WHERE k.position >= $from AND k.position < $until
ORDER BY k.position

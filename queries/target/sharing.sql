-- Everybody who has the address of somebody in the ranking, that one first, with the
-- id under which they were held out before. Who was held out by a list is so for good.
-- reads:  target_ranked, target_reach, target_held
-- gives:  position BIGINT, customer_id VARCHAR, own BOOLEAN, held VARCHAR
SELECT k.position, r.customer_id, r.person = k.person AS own, h.held
FROM target_ranked AS k JOIN target_reach AS r ON k.contact = r.contact LEFT JOIN target_held AS h ON r.person = h.person
WHERE k.position >= $from AND k.position < $until
ORDER BY k.position, own DESC, r.customer_id

-- Everybody who has the address of somebody in the ranking, that one among them.
-- reads:  target_ranked, target_reach
-- gives:  position BIGINT, customer_id VARCHAR
SELECT k.position, r.customer_id
FROM target_ranked AS k JOIN target_reach AS r ON k.contact = r.contact
WHERE k.position >= $from AND k.position < $until
ORDER BY k.position, r.customer_id

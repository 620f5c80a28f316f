-- Addresses that are not to be contacted, with the first step that says so: those
-- of everybody who is blocked, whoever else has them too.
-- grain:  contact
-- reads:  target_blocks, target_reach
-- gives:  contact VARCHAR, place INTEGER, reason VARCHAR, person BIGINT, customer_id VARCHAR
WITH addresses AS (
  SELECT r.contact, b.place, b.reason, b.person, r.customer_id
  FROM target_blocks AS b JOIN target_reach AS r ON b.person = r.person
  UNION ALL
  SELECT contact, place, reason, person, NULL FROM target_blocks WHERE contact IS NOT NULL
)
SELECT contact, min(place) AS place, arg_min(reason, (place, reason)) AS reason, arg_min(person, (place, reason)) AS person, arg_min(customer_id, (place, reason)) AS customer_id
FROM addresses
GROUP BY contact

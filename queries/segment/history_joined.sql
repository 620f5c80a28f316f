-- Ids that runs may name and that are another customer's today, since ids were joined meanwhile.
-- grain:  run_id
-- reads:  identities, identity_own
-- gives:  run_id VARCHAR, customer_id VARCHAR
SELECT o.customer_id AS run_id, i.customer_id
FROM identities AS i JOIN identity_own AS o ON i.member = o.member
WHERE i.member <> i.person AND o.customer_id <> i.customer_id
ORDER BY run_id

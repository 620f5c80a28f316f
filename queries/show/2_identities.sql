-- Under which ids the sources know the customer, and why they are taken as one.
-- grain:  id_space, source_customer_id
-- reads:  identities
-- gives:  id_space VARCHAR, source_customer_id VARCHAR, member BIGINT, reason VARCHAR
SELECT id_space, source_customer_id, CAST(member AS BIGINT) AS member, reason
FROM identities WHERE customer_id = $customer ORDER BY member

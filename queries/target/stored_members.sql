-- The members of all lists, by the customers that they are today. An id that the
-- store does not have any more stays as it was.
-- reads:  target_all_members, identities
-- gives:  list_id VARCHAR, customer_id VARCHAR, arm VARCHAR, rank BIGINT, member BIGINT, value DOUBLE, stratum VARCHAR
SELECT m.list_id, coalesce(i.customer_id, m.customer_id) AS customer_id, m.arm, m.rank, m.member, m.value, m.stratum
FROM target_all_members AS m LEFT JOIN identities AS i ON m.member = i.member

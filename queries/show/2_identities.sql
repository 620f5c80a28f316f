-- Under which ids the sources know the customer, and why they are taken as one.
-- grain:  id_space, source_customer_id
-- reads:  identities, merges
-- gives:  id_space VARCHAR, source_customer_id VARCHAR, member BIGINT, reason VARCHAR
SELECT i.id_space, i.source_customer_id, CAST(i.member AS BIGINT) AS member,
  CASE WHEN m.member IS NULL THEN i.reason WHEN m.kind = 'link' THEN m.shown || ' says that it is ' || m.other_id
    ELSE 'same ' || m.kind || ' ' || m.shown || ' as ' || m.other_id END AS reason
FROM identities AS i LEFT JOIN merges AS m ON i.member = m.member
WHERE i.customer_id = $customer ORDER BY i.member <> i.person, i.id_space, i.source_customer_id

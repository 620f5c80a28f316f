-- Everything that a file of the list may hold of its treated members. The tables
-- of which no column is asked for are empty.
-- reads:  target_outcome, target_contacts, target_customers, target_run
-- gives:  position BIGINT
SELECT o.position, o.customer_id, o.rank, o.value, c.name, c.email, c.phone, c.address,
  k.gender, k.birth_date, k.country, k.region, k.city, k.postcode, k.acquired_on, k.acquired_channel, k.tags, k.attributes, s.*
FROM target_outcome AS o
LEFT JOIN target_contacts AS c ON o.customer_id = c.customer_id
LEFT JOIN target_customers AS k ON o.customer_id = k.customer_id
LEFT JOIN target_run AS s ON o.person = s.run_person
WHERE o.arm = 1

-- Everything that a file of the list may hold of its treated members.
-- reads:  target_outcome, contacts, customers, target_run
-- gives:  position BIGINT
SELECT o.position, o.customer_id, o.rank, o.value, c.name, c.email, c.phone, c.address,
  k.gender, k.birth_date, k.country, k.region, k.city, k.postcode, k.acquired_on, k.acquired_channel, k.tags, k.attributes, s.*
FROM target_outcome AS o
LEFT JOIN contacts AS c ON o.customer_id = c.customer_id
LEFT JOIN customers AS k ON o.customer_id = k.customer_id
LEFT JOIN target_run AS s ON o.person = s.run_person
WHERE o.arm = 1

-- Who can be reached by post, and where: the address with postcode and city, since
-- the same street is in many towns.
-- grain:  person
-- reads:  contacts, customers, identities
-- gives:  person BIGINT, customer_id VARCHAR, contact VARCHAR
SELECT i.person, c.customer_id,
  lower(concat_ws('|', trim(c.address), trim(k.postcode), trim(k.city))) AS contact
FROM contacts AS c
JOIN customers AS k ON c.customer_id = k.customer_id
JOIN identities AS i ON c.customer_id = i.customer_id AND i.member = i.person
WHERE trim(c.address) <> ''

-- Who can be reached by e-mail, and at which address.
-- grain:  person
-- reads:  contacts, identities
-- gives:  person BIGINT, customer_id VARCHAR, contact VARCHAR
SELECT i.person, c.customer_id, lower(trim(c.email)) AS contact
FROM contacts AS c JOIN identities AS i ON c.customer_id = i.customer_id AND i.member = i.person
WHERE trim(c.email) <> ''

-- Who can be reached by text message, and at which number. Chinese numbers tell
-- whether they are of a mobile phone; others are taken to be.
-- grain:  person
-- reads:  contacts, identities
-- gives:  person BIGINT, customer_id VARCHAR, contact VARCHAR
SELECT i.person, c.customer_id, trim(c.phone) AS contact
FROM contacts AS c JOIN identities AS i ON c.customer_id = i.customer_id AND i.member = i.person
WHERE trim(c.phone) <> '' AND (NOT starts_with(trim(c.phone), '+86') OR regexp_matches(trim(c.phone), '^\+861[3-9][0-9]{9}$'))

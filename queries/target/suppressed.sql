-- Whom the suppression files name: by an id that the customer has or had, by an
-- address that was ever told to be the customer's.
-- reads:  facts.told_as_of, identities, target_entries
-- gives:  person BIGINT, entry BIGINT
WITH told AS MATERIALIZED ( -- all that was ever told is looked through once
  SELECT DISTINCT person, lower(trim(email)) AS email, trim(phone) AS phone
  FROM facts.told_as_of(DATE '9999-12-31')
  WHERE email IS NOT NULL OR phone IS NOT NULL
)
SELECT t.person, e.entry FROM told AS t JOIN target_entries AS e ON t.email = e.email
UNION
SELECT t.person, e.entry FROM told AS t JOIN target_entries AS e ON t.phone = e.phone
UNION
SELECT i.person, e.entry FROM identities AS i JOIN target_entries AS e ON i.customer_id = e.id
UNION
SELECT i.person, e.entry
FROM identities AS i JOIN target_entries AS e ON CASE WHEN i.id_space = '' THEN i.source_customer_id ELSE i.id_space || ':' || i.source_customer_id END = e.id

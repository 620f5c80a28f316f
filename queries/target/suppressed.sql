-- Whom the suppression files name: by an id that the customer has or had, by an
-- address that was ever told to be the customer's.
-- reads:  facts.told_as_of, identities, target_entries
-- gives:  person BIGINT, entry BIGINT
SELECT t.person, e.entry
FROM facts.told_as_of(DATE '9999-12-31') AS t JOIN target_entries AS e ON lower(trim(t.email)) = e.email
UNION
SELECT t.person, e.entry
FROM facts.told_as_of(DATE '9999-12-31') AS t JOIN target_entries AS e ON trim(t.phone) = e.phone
UNION
SELECT i.person, e.entry FROM identities AS i JOIN target_entries AS e ON i.customer_id = e.id
UNION
SELECT i.person, e.entry
FROM identities AS i JOIN target_entries AS e ON CASE WHEN i.id_space = '' THEN i.source_customer_id ELSE i.id_space || ':' || i.source_customer_id END = e.id

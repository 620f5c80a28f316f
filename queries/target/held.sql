-- Customers whom earlier lists held out for good, by the ids under which they did:
-- ids that they have, and ids that were merged into theirs since.
-- grain:  person
-- reads:  target_drawn, identities
-- gives:  person BIGINT, held VARCHAR
WITH known AS (
  SELECT i.person, d.held FROM target_drawn AS d JOIN identities AS i ON d.held = i.customer_id AND i.member = i.person
  UNION
  SELECT i.person, d.held
  FROM target_drawn AS d
  JOIN identities AS i ON d.held = CASE WHEN i.id_space = '' THEN i.source_customer_id ELSE i.id_space || ':' || i.source_customer_id END
)
SELECT person, min(held) AS held FROM known GROUP BY person

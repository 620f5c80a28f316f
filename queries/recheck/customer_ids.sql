-- Whether an identity that is new has the customer id of another person, or another one than its person's.
-- reads:  identities, touched_people
-- gives:  wrong BOOLEAN
SELECT EXISTS (SELECT 1 FROM touched_people AS t JOIN identities AS i ON t.customer_id = i.customer_id WHERE t.person <> i.person)
  OR EXISTS (SELECT 1 FROM touched_people AS t JOIN identities AS i ON t.person = i.person WHERE t.customer_id <> i.customer_id) AS wrong

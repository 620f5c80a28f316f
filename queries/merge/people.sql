-- Customers that a file names and the store does not know yet.
INSERT INTO identities
SELECT id_space, source_customer_id, member,
  CASE WHEN id_space = '' THEN source_customer_id ELSE id_space || ':' || source_customer_id END, member, 'id'
FROM arrived_people AS a WHERE NOT EXISTS (SELECT 1 FROM identities AS i WHERE i.member = a.member);

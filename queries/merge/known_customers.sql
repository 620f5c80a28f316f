-- Customers of this source that the store has, under the key that files use.
CREATE OR REPLACE TEMP VIEW known AS
SELECT i.source_customer_id AS id, c.content, c.updated_at
FROM facts.customers AS c JOIN identities AS i ON c.member = i.member CROSS JOIN load AS l
WHERE c.source = l.source AND c.content <> 0 AND i.id_space IN (l.id_space, 'email', 'phone');

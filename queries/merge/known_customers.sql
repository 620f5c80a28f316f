-- The newest row of each customer of this source, under the key that files use.
CREATE OR REPLACE TEMP VIEW known AS
WITH newest AS (
  SELECT c.member, c.content, c.updated_at,
    row_number() OVER (PARTITION BY c.member ORDER BY coalesce(c.updated_at, b.loaded_at) DESC, c.batch_id DESC, c.line DESC) AS place
  FROM facts.customers AS c JOIN batches AS b ON c.batch_id = b.batch_id CROSS JOIN load AS l
  WHERE c.source = l.source AND c.content <> 0
)
SELECT i.source_customer_id AS id, n.content, n.updated_at
FROM newest AS n JOIN identities AS i ON n.member = i.member CROSS JOIN load AS l
WHERE n.place = 1 AND i.id_space IN (l.id_space, 'email', 'phone');

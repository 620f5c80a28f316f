-- The customers that the file names, and their members; new ones are numbered
-- in the order of their ids, after all that are known.
CREATE OR REPLACE TEMP TABLE named AS
SELECT DISTINCT CASE WHEN customer_via = 'email' THEN 'email' WHEN customer_via = 'phone' THEN 'phone' ELSE $id_space END AS id_space,
  customer_key
FROM stage WHERE customer_key IS NOT NULL;

INSERT INTO identities
WITH fresh AS (
  SELECT n.id_space, n.customer_key FROM named AS n
  WHERE NOT EXISTS (SELECT 1 FROM identities AS i WHERE i.id_space = n.id_space AND i.source_customer_id = n.customer_key)
),
numbered AS (
  SELECT id_space, customer_key,
    CAST((SELECT coalesce(max(member), 0) FROM identities) + row_number() OVER (ORDER BY id_space, customer_key) AS INTEGER) AS member
  FROM fresh
)
SELECT id_space, customer_key, member, CASE WHEN id_space = '' THEN customer_key ELSE id_space || ':' || customer_key END, member, 'id'
FROM numbered;

CREATE OR REPLACE TEMP TABLE people AS
SELECT n.id_space, n.customer_key, i.member
FROM named AS n JOIN identities AS i ON i.id_space = n.id_space AND i.source_customer_id = n.customer_key;

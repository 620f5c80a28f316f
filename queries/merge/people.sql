-- The customers that the file names, and their members; new ones are numbered
-- in the order of their ids, after all that are known.
CREATE OR REPLACE TEMP TABLE named AS
WITH keys AS (
  SELECT DISTINCT CASE WHEN customer_via IN ('email', 'phone') THEN customer_via ELSE $id_space END AS id_space, customer_key
  FROM stage WHERE customer_key IS NOT NULL
)
SELECT k.id_space, k.customer_key, i.member
FROM keys AS k LEFT JOIN identities AS i ON i.id_space = k.id_space AND i.source_customer_id = k.customer_key;

CREATE OR REPLACE TEMP TABLE newcomers AS
SELECT id_space, customer_key,
  CAST((SELECT coalesce(max(member), 0) FROM identities) + row_number() OVER (ORDER BY id_space, customer_key) AS INTEGER) AS member
FROM named WHERE member IS NULL;

INSERT INTO identities
SELECT id_space, customer_key, member, CASE WHEN id_space = '' THEN customer_key ELSE id_space || ':' || customer_key END, member, 'id'
FROM newcomers;

CREATE OR REPLACE TEMP TABLE people AS
SELECT id_space, customer_key, member FROM named WHERE member IS NOT NULL
UNION ALL
SELECT id_space, customer_key, member FROM newcomers;

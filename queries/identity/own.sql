-- The customer id that each id has by itself. An id of the shared space is the customer's id as it stands, id 5 of the space crm is
-- crm:5. Where the shared space has an id crm:5 too, that one keeps it, and the other has as many colons more as nobody else has after
-- crm: crm::5. So who is given which id depends on what ids there are, not on which came first.
-- identity_odd are the ids that are told apart so; identity_own is the id of everybody.
-- grain:  member
-- reads:  identities
-- gives:  member BIGINT, customer_id VARCHAR
CREATE OR REPLACE TEMP TABLE identity_odd AS
WITH spaces AS (
  SELECT DISTINCT id_space FROM identities WHERE id_space <> ''
),
alike AS (
  SELECT s.id_space, substr(i.source_customer_id, length(s.id_space) + 2) AS rest
  FROM identities AS i JOIN spaces AS s ON split_part(i.source_customer_id, ':', 1) = s.id_space
  WHERE i.id_space = '' AND contains(i.source_customer_id, ':')
),
odd AS (
  SELECT i.member, i.id_space, i.source_customer_id
  FROM identities AS i JOIN alike AS a ON i.id_space = a.id_space AND i.source_customer_id = a.rest
),
colons AS (
  SELECT id_space, max(length(rest) - length(ltrim(rest, ':'))) AS n
  FROM (
    SELECT id_space, rest FROM alike
    UNION ALL SELECT id_space, source_customer_id FROM identities WHERE id_space IN (SELECT id_space FROM odd) AND starts_with(source_customer_id, ':')
  )
  GROUP BY id_space
)
SELECT o.member, o.id_space || repeat(':', CAST(c.n AS INTEGER) + 2) || o.source_customer_id AS customer_id
FROM odd AS o JOIN colons AS c ON o.id_space = c.id_space;

CREATE OR REPLACE TEMP VIEW identity_own AS
SELECT i.member, coalesce(o.customer_id, CASE WHEN i.id_space = '' THEN i.source_customer_id ELSE i.id_space || ':' || i.source_customer_id END) AS customer_id
FROM identities AS i LEFT JOIN identity_odd AS o ON i.member = o.member;

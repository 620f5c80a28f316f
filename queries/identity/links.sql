-- The members that links name, by the customer ids that these have by themselves; NULL: no such id is known yet.
-- Links of which both are known are numbered.
-- grain:  link
-- reads:  told_links, identity_own
-- gives:  link BIGINT, left_id VARCHAR, right_id VARCHAR, forbid BOOLEAN, place VARCHAR, left_member BIGINT, right_member BIGINT, number BIGINT
CREATE OR REPLACE TEMP TABLE identity_linked AS
WITH named AS (
  SELECT left_id AS id FROM told_links UNION SELECT right_id FROM told_links
),
known AS (
  SELECT o.customer_id AS id, o.member FROM identity_own AS o JOIN named AS n ON o.customer_id = n.id
)
SELECT l.link, l.left_id, l.right_id, l.forbid, l.place, a.member AS left_member, b.member AS right_member,
  CASE WHEN a.member IS NOT NULL AND b.member IS NOT NULL
    THEN row_number() OVER (PARTITION BY a.member IS NOT NULL AND b.member IS NOT NULL ORDER BY l.link) - 1 END AS number
FROM told_links AS l LEFT JOIN known AS a ON l.left_id = a.id LEFT JOIN known AS b ON l.right_id = b.id;

-- What identities, facts.merges, shared_keys, facts.shared_key_members, facts.addresses_of_nobody and identity_links are to say. identity_wanted has the ids
-- that another customer took in, and those that are by themselves again.
-- reads:  identities, identity_joined, identity_excluded, identity_members, identity_keys, identity_holdings, identity_own, identity_linked, identity_odd, identity_card_keys, identity_row_keys
-- gives:  member BIGINT, other_member BIGINT, kind VARCHAR, shown VARCHAR
CREATE OR REPLACE TEMP TABLE new_merges AS
SELECT m.member, o.member AS other_member,
  CASE WHEN j.link >= 0 THEN 'link' ELSE CASE k.kind WHEN 1 THEN 'member id' WHEN 2 THEN 'e-mail' ELSE 'phone' END END AS kind,
  CASE WHEN j.link >= 0 THEN l.place ELSE k.shown END AS shown
FROM identity_joined AS j JOIN identity_members AS m ON j.no = m.no JOIN identity_members AS o ON j.other = o.no
  LEFT JOIN identity_keys AS k ON j.key = k.key LEFT JOIN identity_linked AS l ON j.link = l.number
ORDER BY m.member;

CREATE OR REPLACE TEMP TABLE identity_wanted AS
WITH joined AS (
  SELECT m.member, s.member AS person, CASE WHEN n.kind = 'link' THEN 'link ' || n.shown ELSE n.kind END AS reason
  FROM identity_joined AS j JOIN identity_members AS m ON j.no = m.no JOIN identity_members AS s ON j.survivor = s.no JOIN new_merges AS n ON m.member = n.member
),
alone AS (
  SELECT member FROM identities WHERE reason <> 'id' OR person <> member OR (id_space <> '' AND contains(customer_id, '::'))
  UNION SELECT member FROM identity_odd
),
wanted AS (
  SELECT member, person, reason FROM joined
  UNION ALL SELECT member, member, 'id' FROM alone WHERE member NOT IN (SELECT member FROM joined)
)
SELECT w.member, w.person, o.customer_id, w.reason FROM wanted AS w JOIN identity_own AS o ON w.person = o.member;

CREATE OR REPLACE TEMP TABLE new_shared_keys AS
SELECT CAST(row_number() OVER (ORDER BY x.kind, x.reason, k.value, o.customer_id) AS INTEGER) AS key,
  CASE x.kind WHEN 1 THEN 'member id' WHEN 2 THEN 'e-mail' ELSE 'phone' END AS kind,
  CASE WHEN x.no >= 0 THEN o.customer_id ELSE k.shown END AS shown, x.people,
  CASE x.reason WHEN 1 THEN 'too many people' WHEN 2 THEN CASE WHEN k.ignored THEN 'ignored' ELSE 'nobody''s address' END WHEN 3 THEN 'kept apart by ' || x.place ELSE 'one id with too many' END AS reason,
  CAST(x.key AS INTEGER) AS number, m.member
FROM identity_excluded AS x LEFT JOIN identity_keys AS k ON x.key = k.key LEFT JOIN identity_members AS m ON x.no = m.no LEFT JOIN identity_own AS o ON m.member = o.member
ORDER BY key;

CREATE OR REPLACE TEMP TABLE new_shared_key_members AS
SELECT s.key, m.member FROM new_shared_keys AS s JOIN identity_holdings AS h ON s.number = h.key JOIN identity_members AS m ON h.holder = m.no
UNION ALL SELECT key, member FROM new_shared_keys WHERE member IS NOT NULL
ORDER BY key, member;

CREATE OR REPLACE TEMP TABLE new_addresses_of_nobody AS
WITH told AS (
  SELECT kind, value FROM identity_card_keys WHERE $ignores
  UNION ALL SELECT kind, value FROM identity_row_keys WHERE $ignores
),
nobodys AS (
  SELECT k.kind, k.value FROM identity_excluded AS x JOIN identity_keys AS k ON x.key = k.key WHERE x.reason IN (1, 2) AND k.kind > 1
  UNION SELECT kind, value FROM told WHERE kind = 2 AND regexp_matches(value, $ignored) OR kind = 3 AND regexp_matches(value, $ignored_phones)
)
SELECT CASE kind WHEN 2 THEN 'e-mail' ELSE 'phone' END AS kind, value FROM nobodys ORDER BY ALL;

ALTER TABLE new_shared_keys DROP COLUMN number;
ALTER TABLE new_shared_keys DROP COLUMN member;

CREATE OR REPLACE TEMP TABLE new_identity_links AS
SELECT left_id, right_id, CASE WHEN forbid THEN 'forbid' ELSE 'merge' END AS action, place, number IS NOT NULL AS known
FROM identity_linked ORDER BY link;

-- Which keys are held by more than one member, and by whom. kind is 1 for a member id, 2 for an e-mail address, 3 for a telephone number.
-- Most keys are held by one: so hashes find those that are not, and only their texts are looked at. Of guests who hold such a key, the
-- address that their id is made from is there too: when it is one to be ignored, so are they.
-- reads:  identities, facts.cards, facts.customers, facts.orders, facts.refunds, facts.interactions, facts.responses, identity_linked
-- gives:  key INTEGER, holder INTEGER
CREATE OR REPLACE TEMP TABLE identity_kinds AS
SELECT kind FROM (VALUES (CAST(1 AS TINYINT), $member_id), (CAST(2 AS TINYINT), $email), (CAST(3 AS TINYINT), $phone)) AS k(kind, wanted) WHERE wanted;

CREATE OR REPLACE TEMP VIEW identity_card_keys AS
SELECT card, CAST(1 AS TINYINT) AS kind, trim(member_id) AS value FROM facts.cards WHERE member_id IS NOT NULL AND 1 IN (SELECT kind FROM identity_kinds)
UNION ALL SELECT card, 2, lower(trim(email)) FROM facts.cards WHERE email IS NOT NULL AND 2 IN (SELECT kind FROM identity_kinds)
UNION ALL SELECT card, 3, trim(phone) FROM facts.cards WHERE phone IS NOT NULL AND 3 IN (SELECT kind FROM identity_kinds);

CREATE OR REPLACE TEMP VIEW identity_row_keys AS
SELECT member, CAST(1 AS TINYINT) AS kind, trim(member_id) AS value FROM facts.customers WHERE member_id IS NOT NULL AND 1 IN (SELECT kind FROM identity_kinds)
UNION ALL SELECT member, 2, lower(trim(email)) FROM facts.customers WHERE email IS NOT NULL AND 2 IN (SELECT kind FROM identity_kinds)
UNION ALL SELECT member, 3, trim(phone) FROM facts.customers WHERE phone IS NOT NULL AND 3 IN (SELECT kind FROM identity_kinds);

CREATE OR REPLACE TEMP TABLE identity_cards AS
SELECT DISTINCT member, card FROM (
  SELECT member, card FROM facts.orders WHERE card IS NOT NULL AND member IS NOT NULL
  UNION ALL SELECT member, card FROM facts.refunds WHERE card IS NOT NULL AND member IS NOT NULL
  UNION ALL SELECT member, card FROM facts.interactions WHERE card IS NOT NULL AND member IS NOT NULL
  UNION ALL SELECT member, card FROM facts.responses WHERE card IS NOT NULL AND member IS NOT NULL
);

CREATE OR REPLACE TEMP TABLE identity_common AS
WITH card_hashes AS (
  SELECT card, kind, hash(value) AS h FROM identity_card_keys
),
held AS (
  SELECT c.member, k.kind, k.h FROM identity_cards AS c JOIN card_hashes AS k ON c.card = k.card
  UNION ALL SELECT member, kind, hash(value) FROM identity_row_keys
)
SELECT kind, h FROM held GROUP BY kind, h HAVING min(member) <> max(member);

CREATE OR REPLACE TEMP TABLE identity_candidates AS
SELECT DISTINCT member, kind, value FROM (
  SELECT c.member, k.kind, k.value
  FROM identity_card_keys AS k SEMI JOIN identity_common AS s ON k.kind = s.kind AND hash(k.value) = s.h JOIN identity_cards AS c ON k.card = c.card
  UNION ALL
  SELECT k.member, k.kind, k.value FROM identity_row_keys AS k SEMI JOIN identity_common AS s ON k.kind = s.kind AND hash(k.value) = s.h
)
WHERE value <> '';

CREATE OR REPLACE TEMP TABLE identity_members AS
WITH met AS (
  SELECT member FROM identity_candidates
  UNION SELECT left_member FROM identity_linked WHERE number IS NOT NULL
  UNION SELECT right_member FROM identity_linked WHERE number IS NOT NULL
),
spaced AS (
  SELECT i.member, CAST(CASE i.id_space WHEN '' THEN 0 WHEN 'email' THEN 2 WHEN 'phone' THEN 3 ELSE 1 END AS TINYINT) AS space
  FROM identities AS i JOIN met AS m ON i.member = m.member
)
SELECT CAST(row_number() OVER (ORDER BY space, member) - 1 AS INTEGER) AS no, member, space FROM spaced;

INSERT INTO identity_candidates
WITH guests AS (
  SELECT member, space FROM identity_members WHERE space >= 2 AND $ignores
),
told AS (
  SELECT c.member, k.kind, k.value FROM identity_cards AS c JOIN guests AS g ON c.member = g.member JOIN identity_card_keys AS k ON c.card = k.card AND k.kind = g.space
  UNION
  SELECT k.member, k.kind, k.value FROM identity_row_keys AS k JOIN guests AS g ON k.member = g.member AND k.kind = g.space
)
SELECT member, kind, value FROM told WHERE value <> ''
EXCEPT SELECT member, kind, value FROM identity_candidates;

CREATE OR REPLACE TEMP TABLE identity_keys AS
WITH named AS (
  SELECT DISTINCT kind, value FROM identity_candidates
)
SELECT CAST(row_number() OVER (ORDER BY kind, value) - 1 AS INTEGER) AS key, kind, value,
  $ignores AND CASE kind WHEN 3 THEN regexp_matches(value, $ignored_phones) ELSE regexp_matches(lower(value), $ignored) END AS ignored,
  CASE kind WHEN 1 THEN value WHEN 3 THEN '***' || right(value, 4)
    ELSE CASE WHEN contains(value, '@') THEN left(value, 1) || '***' || substr(value, strpos(value, '@')) ELSE '***' END END AS shown
FROM named;

CREATE OR REPLACE TEMP TABLE identity_holdings AS
SELECT k.key, m.no AS holder
FROM identity_candidates AS c JOIN identity_keys AS k ON c.kind = k.kind AND c.value = k.value JOIN identity_members AS m ON c.member = m.member;

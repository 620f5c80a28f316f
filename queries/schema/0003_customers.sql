-- Who the customers are: why ids were joined or kept apart, and what is known of
-- each customer. engine/identity.go fills the tables after every load.

-- Sources of which the configuration says that their word counts before others'.
CREATE TABLE source_priority (source VARCHAR NOT NULL, rank BIGINT NOT NULL);

-- Members that belong to another member's customer: which other one they have the
-- key in common with, and the key, of which so much is shown as tells it from
-- others: the first letter and the domain of an e-mail address, the last four
-- digits of a telephone number. kind: member id, e-mail, phone, or link, whose file
-- and line are shown.
CREATE TABLE facts.merges (member BIGINT NOT NULL, other_member BIGINT NOT NULL, kind VARCHAR NOT NULL, shown VARCHAR NOT NULL);

-- Keys that join nobody although several have them, and who has them.
-- reason: too many people; ignored (by the configuration); nobody's address
-- (noreply@...); kept apart by FILE:LINE of a link file; one id with too many (then
-- shown is that id, and people counts the keys that it has in common with others).
CREATE TABLE shared_keys (key INTEGER NOT NULL, kind VARCHAR NOT NULL, shown VARCHAR NOT NULL, people BIGINT NOT NULL, reason VARCHAR NOT NULL);
CREATE TABLE facts.shared_key_members (key INTEGER NOT NULL, member BIGINT NOT NULL);

-- The e-mail addresses and telephone numbers among these that are nobody's: too many
-- people have them, or they are to be ignored. They are no contact of anybody.
CREATE TABLE facts.addresses_of_nobody (kind VARCHAR NOT NULL, value VARCHAR NOT NULL);

-- The rows of the link files. known: both ids are; else the link waits for them.
CREATE TABLE identity_links (left_id VARCHAR NOT NULL, right_id VARCHAR NOT NULL, action VARCHAR NOT NULL, place VARCHAR NOT NULL, known BOOLEAN NOT NULL);

-- Which id joined which other one's customer, and why.
CREATE OR REPLACE VIEW merges AS
SELECT i.customer_id, i.id_space, i.source_customer_id,
  CASE WHEN o.member = o.person THEN o.customer_id WHEN o.id_space = '' THEN o.source_customer_id ELSE o.id_space || ':' || o.source_customer_id END AS other_id, m.kind, m.shown, m.member, m.other_member
FROM facts.merges AS m JOIN identities AS i ON m.member = i.member JOIN identities AS o ON m.other_member = o.member;

-- What was told of a person: rows of customers files, and the cards of facts. Of
-- two values of an attribute the one with the greater worth counts. It is a number
-- made of three, so that comparing is cheap: the priority of the source (12 bits),
-- the moment of telling (59 bits), and then, for rows that say when they were
-- updated, their content, so that the order of loading does not matter; for others,
-- which are of the moment of their loading, the batch and the line (56 bits).
CREATE OR REPLACE MACRO facts.told_as_of(day) AS TABLE
WITH carded AS (
  SELECT source, member, card, max(coalesce(updated_at, ordered_at)) AS told_at
  FROM facts.orders WHERE card IS NOT NULL AND member IS NOT NULL AND coalesce(updated_at, ordered_at) < CAST(CAST(day AS DATE) + 1 AS TIMESTAMPTZ) GROUP BY source, member, card
  UNION ALL
  SELECT source, member, card, max(coalesce(updated_at, refunded_at))
  FROM facts.refunds WHERE card IS NOT NULL AND member IS NOT NULL AND coalesce(updated_at, refunded_at) < CAST(CAST(day AS DATE) + 1 AS TIMESTAMPTZ) GROUP BY source, member, card
  UNION ALL
  SELECT source, member, card, max(coalesce(updated_at, occurred_at))
  FROM facts.interactions WHERE card IS NOT NULL AND member IS NOT NULL AND coalesce(updated_at, occurred_at) < CAST(CAST(day AS DATE) + 1 AS TIMESTAMPTZ) GROUP BY source, member, card
  UNION ALL
  SELECT source, member, card, max(coalesce(updated_at, occurred_at))
  FROM facts.responses WHERE card IS NOT NULL AND member IS NOT NULL AND coalesce(updated_at, occurred_at) < CAST(CAST(day AS DATE) + 1 AS TIMESTAMPTZ) GROUP BY source, member, card
),
told AS (
  SELECT t.source, t.member, t.told_at, t.card // 128 AS tie, c.name, c.email, c.phone, c.address,
    CAST(NULL AS VARCHAR) AS gender, CAST(NULL AS DATE) AS birth_date, c.country, c.region, c.city, c.postcode,
    CAST(NULL AS DATE) AS acquired_on, CAST(NULL AS VARCHAR) AS acquired_channel, CAST(NULL AS VARCHAR) AS referrer_id,
    c.email_consent, c.sms_consent, CAST(NULL AS VARCHAR) AS tags, CAST(NULL AS VARCHAR) AS attributes
  FROM carded AS t JOIN facts.cards AS c ON t.card = c.card
  UNION ALL
  SELECT c.source, c.member, coalesce(c.updated_at, b.loaded_at),
    CASE WHEN c.updated_at IS NULL THEN CAST(c.batch_id AS BIGINT) * 68719476736 + c.line ELSE (c.content & 9223372036854775807) // 128 END, c.name, c.email, c.phone, c.address,
    c.gender, c.birth_date, c.country, c.region, c.city, c.postcode,
    CASE WHEN c.acquired_on <= CAST(day AS DATE) THEN c.acquired_on END, CASE WHEN c.acquired_on > CAST(day AS DATE) THEN NULL ELSE c.acquired_channel END, c.referrer_id,
    c.email_consent, c.sms_consent, c.tags, c.attributes
  FROM facts.customers AS c JOIN batches AS b ON c.batch_id = b.batch_id
  WHERE c.updated_at IS NULL OR c.updated_at < CAST(CAST(day AS DATE) + 1 AS TIMESTAMPTZ)
)
SELECT i.person,
  CAST(coalesce(greatest(4095 - p.rank, 1), 0) AS HUGEINT) * 41538374868278621028243970633760768
    + CAST(epoch_us(t.told_at) AS HUGEINT) * 72057594037927936 + t.tie AS worth,
  t.* EXCLUDE (source, member, told_at, tie)
FROM told AS t JOIN identities AS i ON t.member = i.member LEFT JOIN source_priority AS p ON t.source = p.source;

-- One row per customer: of each attribute the value that counts most and is not
-- empty. acquired_on is the first day that anybody names, and acquired_channel is
-- that day's: a channel that is told with another day is not taken, one that is
-- told without a day is, where the day has none.
-- customers_as_of(day) leaves out what is dated after the day.
CREATE OR REPLACE MACRO customers_as_of(day) AS TABLE
WITH described AS (
  SELECT person,
    arg_max(gender, worth) FILTER (gender IS NOT NULL) AS gender,
    arg_max(birth_date, worth) FILTER (birth_date IS NOT NULL) AS birth_date,
    arg_max(country, worth) FILTER (country IS NOT NULL) AS country,
    arg_max(region, worth) FILTER (region IS NOT NULL) AS region,
    arg_max(city, worth) FILTER (city IS NOT NULL) AS city,
    arg_max(postcode, worth) FILTER (postcode IS NOT NULL) AS postcode,
    min(acquired_on) AS acquired_on,
    min(acquired_on) FILTER (acquired_channel IS NOT NULL) AS channel_on,
    arg_max(acquired_channel, (DATE '0001-01-01' - acquired_on, worth)) FILTER (acquired_channel IS NOT NULL AND acquired_on IS NOT NULL) AS channel,
    arg_max(acquired_channel, worth) FILTER (acquired_channel IS NOT NULL AND acquired_on IS NULL) AS undated_channel,
    arg_max(referrer_id, worth) FILTER (referrer_id IS NOT NULL) AS referrer_id,
    arg_max(email_consent, worth) FILTER (email_consent IS NOT NULL) AS email_consent,
    arg_max(sms_consent, worth) FILTER (sms_consent IS NOT NULL) AS sms_consent,
    arg_max(tags, worth) FILTER (tags IS NOT NULL) AS tags,
    arg_max(attributes, worth) FILTER (attributes IS NOT NULL) AS attributes
  FROM facts.told_as_of(day)
  GROUP BY person
)
SELECT i.customer_id, d.gender, d.birth_date, d.country, d.region, d.city, d.postcode, d.acquired_on,
  CASE WHEN d.channel_on = d.acquired_on THEN d.channel ELSE d.undated_channel END AS acquired_channel,
  d.referrer_id, d.email_consent, d.sms_consent, d.tags, d.attributes
FROM identities AS i LEFT JOIN described AS d ON i.member = d.person
WHERE i.member = i.person;

CREATE OR REPLACE VIEW customers AS SELECT * FROM customers_as_of(DATE '9999-12-31');

-- One row per customer of whom a name or an address is known.
CREATE OR REPLACE VIEW contacts AS
WITH emails AS (
  SELECT value FROM facts.addresses_of_nobody WHERE kind = 'e-mail'
),
phones AS (
  SELECT value FROM facts.addresses_of_nobody WHERE kind = 'phone'
),
reached AS (
  SELECT t.person,
    arg_max(t.name, t.worth) FILTER (t.name IS NOT NULL) AS name,
    arg_max(t.email, t.worth) FILTER (t.email IS NOT NULL AND e.value IS NULL) AS email,
    arg_max(t.phone, t.worth) FILTER (t.phone IS NOT NULL AND p.value IS NULL) AS phone,
    arg_max(t.address, t.worth) FILTER (t.address IS NOT NULL) AS address
  FROM facts.told_as_of(DATE '9999-12-31') AS t
    LEFT JOIN emails AS e ON lower(trim(t.email)) = e.value LEFT JOIN phones AS p ON trim(t.phone) = p.value
  WHERE t.name IS NOT NULL OR t.email IS NOT NULL OR t.phone IS NOT NULL OR t.address IS NOT NULL
  GROUP BY t.person
)
SELECT i.customer_id, r.name, r.email, r.phone, r.address
FROM reached AS r JOIN identities AS i ON r.person = i.member;

-- The tables of a store, schema version 4. Columns are only ever added.
--
-- Facts live in the schema facts, with the member who did them; the views of the
-- same names that people query are made by 0002_views.sql and 0003_customers.sql
-- and add customer_id. Every row that a file brings is one of: the current version
-- of a fact (facts.order_rows, facts.refunds ...), an older version of one (facts.superseded_order_rows
-- ...), or an equal copy (facts.repeats, facts.repeated_runs). Which is which follows from the rows
-- alone, not from the order in which they came; so a load can be undone, and
-- files can be loaded in any order.

CREATE SCHEMA facts;

CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);

-- member: a hash of id space and id, of 63 bits: the same in every store.
-- person: the member whose customer_id all members of one customer share.
-- reason: id where nothing was merged, else what joins the member to the person.
CREATE TABLE identities (
  id_space VARCHAR NOT NULL, source_customer_id VARCHAR NOT NULL,
  member BIGINT NOT NULL, customer_id VARCHAR NOT NULL, person BIGINT NOT NULL, reason VARCHAR NOT NULL
);

-- What orders, refunds, interactions and responses tell of whoever did them,
-- each combination once; card is a hash of its values.
CREATE TABLE facts.cards (
  card BIGINT NOT NULL, name VARCHAR, email VARCHAR, phone VARCHAR, address VARCHAR,
  country VARCHAR, region VARCHAR, city VARCHAR, postcode VARCHAR, member_id VARCHAR, email_consent BOOLEAN, sms_consent BOOLEAN
);

-- Where and on what terms orders were placed, each combination once: columns of
-- text are the dearest to store, and these have few combinations. terms is a number in
-- the order in which they were met or, of very many combinations, a hash of their values.
CREATE TABLE facts.terms (
  terms BIGINT NOT NULL, shop VARCHAR, channel VARCHAR, currency VARCHAR, coupon VARCHAR, campaign_id VARCHAR
);

-- What order lines tell of their product, each combination once.
CREATE TABLE facts.articles (
  article BIGINT NOT NULL, product_id VARCHAR NOT NULL, name VARCHAR, category VARCHAR, brand VARCHAR
);

-- Rows of customers files. All versions stay: the view takes of each attribute
-- the newest value, and a file may have fewer columns than the one before.
CREATE TABLE facts.customers (
  source VARCHAR NOT NULL, member BIGINT NOT NULL,
  name VARCHAR, email VARCHAR, phone VARCHAR, address VARCHAR, member_id VARCHAR,
  gender VARCHAR, birth_date DATE, country VARCHAR, region VARCHAR, city VARCHAR, postcode VARCHAR,
  acquired_on DATE, acquired_channel VARCHAR, referrer_id VARCHAR,
  email_consent BOOLEAN, sms_consent BOOLEAN, tags VARCHAR, attributes VARCHAR,
  updated_at TIMESTAMPTZ, content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- Rows of products files; all versions stay.
CREATE TABLE facts.products (
  source VARCHAR NOT NULL, product_id VARCHAR NOT NULL,
  name VARCHAR, category VARCHAR, brand VARCHAR, price DECIMAL(18,4), cost DECIMAL(18,4),
  updated_at TIMESTAMPTZ, content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- What every order has; the view facts.orders shows all of them with the rest. Files
-- without discounts, taxes and the like are many, and a column without a value costs
-- as much to store as a small number: card, gross, discount, shipping, tax, cost,
-- refunded, refunded_at, refunded_on, rate and updated_at are added (facts.orders says
-- of which types) when the first file comes that can tell of them. The source is that
-- of the batch.
-- counted: false for orders that are kept and never count (unpaid, or cancelled
-- without a date). Amounts are in the reporting currency, original_net in the
-- order's own; original_net is NULL when the order came without an amount: its net
-- is then the sum of its lines. An order below zero is a refund. Ids that are all
-- different are looked through in vain for a dictionary, at a fifth of the cost of
-- storing orders: zstd does not look. Hashes have nothing to compress.
CREATE TABLE facts.order_rows (
  order_id VARCHAR USING COMPRESSION zstd NOT NULL, member BIGINT USING COMPRESSION uncompressed,
  ordered_at TIMESTAMPTZ NOT NULL, ordered_day INTEGER NOT NULL,
  status ENUM('completed', 'paid', 'shipped', 'unpaid', 'cancelled', 'refunded'), counted BOOLEAN NOT NULL, terms BIGINT,
  net DECIMAL(18,4) NOT NULL, original_net DECIMAL(18,4),
  content BIGINT USING COMPRESSION uncompressed NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- Lines belong to a version of their order, or, of an order-lines file, to a
-- version of the set of lines: version is its content. told_by: order, or lines.
-- Lines of an order-lines file are in the currency of their order, which may come
-- later: rate is what they were multiplied by, 1 where the file says their currency.
CREATE TABLE facts.order_lines (
  source VARCHAR NOT NULL, order_id VARCHAR NOT NULL, line INTEGER NOT NULL,
  product_id VARCHAR, article BIGINT, quantity DECIMAL(18,4), unit_price DECIMAL(18,4), discount DECIMAL(18,4),
  net DECIMAL(18,4), cost DECIMAL(18,4), rate DECIMAL(20,12), told_by VARCHAR NOT NULL, version BIGINT NOT NULL,
  updated_at TIMESTAMPTZ, batch_id INTEGER NOT NULL, file_line BIGINT NOT NULL
);

-- Rows of refunds files, as they came.
CREATE TABLE facts.refunds (
  source VARCHAR NOT NULL, refund_id VARCHAR NOT NULL, order_id VARCHAR, member BIGINT, card BIGINT,
  refunded_at TIMESTAMPTZ NOT NULL, refunded_on DATE NOT NULL,
  amount DECIMAL(18,4) NOT NULL, original_amount DECIMAL(18,4), currency VARCHAR, reason VARCHAR, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- All refunds as they are understood beside the orders that are known: whose, on
-- which day, and how much of what an order tells of has no row of its own.
-- settle/refunds makes it anew after every load. told_by: row, or order.
CREATE TABLE facts.settled_refunds (
  source VARCHAR NOT NULL, refund_id VARCHAR NOT NULL, order_id VARCHAR, member BIGINT,
  refunded_at TIMESTAMPTZ NOT NULL, refunded_on DATE NOT NULL, refunded_day INTEGER NOT NULL,
  amount DECIMAL(18,4) NOT NULL, told_amount DECIMAL(18,4) NOT NULL, currency VARCHAR, reason VARCHAR,
  told_by VARCHAR NOT NULL, counted BOOLEAN NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.interactions (
  source VARCHAR NOT NULL, interaction_id VARCHAR NOT NULL, member BIGINT, card BIGINT,
  occurred_at TIMESTAMPTZ NOT NULL, occurred_on DATE NOT NULL, occurred_day INTEGER NOT NULL,
  kind VARCHAR, channel VARCHAR, direction VARCHAR, agent VARCHAR, topic VARCHAR,
  first_response_at TIMESTAMPTZ, resolved_at TIMESTAMPTZ, contacts INTEGER,
  satisfaction DOUBLE, nps INTEGER, cost DECIMAL(18,4), body VARCHAR, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- Rows of campaigns files; all versions stay. The totals are those of a sender
-- who does not say who.
CREATE TABLE facts.campaigns (
  source VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, name VARCHAR, channel VARCHAR,
  started_on DATE, ended_on DATE, cost DECIMAL(18,4), objective VARCHAR,
  recipients BIGINT, delivered BIGINT, opened BIGINT, clicked BIGINT, converted BIGINT,
  unsubscribed BIGINT, bounced BIGINT, complained BIGINT, revenue DECIMAL(18,4), updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.responses (
  source VARCHAR NOT NULL, response_id VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, member BIGINT, card BIGINT,
  occurred_at TIMESTAMPTZ NOT NULL, occurred_on DATE NOT NULL, occurred_day INTEGER NOT NULL,
  event VARCHAR NOT NULL, arm VARCHAR, value DECIMAL(18,4), machine BOOLEAN, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- Versions that a newer one replaced.
CREATE TABLE facts.superseded_order_rows AS SELECT * FROM facts.order_rows WHERE false;
CREATE TABLE facts.superseded_order_lines AS SELECT * FROM facts.order_lines WHERE false;
CREATE TABLE facts.superseded_refunds AS SELECT * FROM facts.refunds WHERE false;
CREATE TABLE facts.superseded_interactions AS SELECT * FROM facts.interactions WHERE false;
CREATE TABLE facts.superseded_responses AS SELECT * FROM facts.responses WHERE false;

-- Equal copies of a version that a row brought: of which fact, in which content.
-- rows: how many rows of the file they are. file_lines: of an order with lines, the
-- lines of the file on which its lines stand, in their order, separated by blanks.
CREATE TABLE facts.repeats (
  kind VARCHAR NOT NULL, source VARCHAR NOT NULL, id VARCHAR NOT NULL, content BIGINT NOT NULL,
  batch_id INTEGER NOT NULL, line BIGINT NOT NULL, "rows" BIGINT NOT NULL, file_lines VARCHAR
);

-- Likewise, by their places: the rows on so many lines from line on, of the file of
-- batch_id, say what those from of_line on say, of the file of of_batch, which
-- brought the versions. A file that repeats another one is few such runs.
CREATE TABLE facts.repeated_runs (
  kind VARCHAR NOT NULL, source VARCHAR NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL,
  of_batch INTEGER NOT NULL, of_line BIGINT NOT NULL, "rows" BIGINT NOT NULL
);

CREATE TABLE rates ("on" DATE NOT NULL, "from" VARCHAR NOT NULL, "to" VARCHAR NOT NULL, rate DOUBLE NOT NULL);

-- state: loaded, refused, or rolled back. header: the file's column names, as a
-- JSON array. platform: the export that the file was recognised as. watermark: of
-- a table in a database, the greatest value read. bytes: of the file.
CREATE TABLE batches (
  batch_id INTEGER NOT NULL, kind VARCHAR NOT NULL, source VARCHAR NOT NULL, path VARCHAR NOT NULL,
  content_hash VARCHAR NOT NULL, mapping VARCHAR NOT NULL,
  read BIGINT NOT NULL, accepted BIGINT NOT NULL, duplicates BIGINT NOT NULL, rejected BIGINT NOT NULL,
  state VARCHAR NOT NULL, loaded_at TIMESTAMPTZ NOT NULL, notes VARCHAR, allow_rejects BOOLEAN NOT NULL,
  header VARCHAR NOT NULL, platform VARCHAR NOT NULL, watermark VARCHAR, bytes BIGINT
);

CREATE TABLE rejects (
  batch_id INTEGER NOT NULL, line BIGINT NOT NULL, "column" VARCHAR, value VARCHAR, reason VARCHAR NOT NULL, raw VARCHAR
);

-- The tables of a store, schema version 1. Columns are only ever added.
-- Facts live in the schema facts, with the member who did them; the views of
-- the same names that people query are made by 0002_views.sql and add customer_id.

CREATE SCHEMA facts;

CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);

-- member: given once to each customer id of an id space, never changed.
-- person: the member whose customer_id all members of one customer share.
CREATE TABLE identities (
  id_space VARCHAR NOT NULL, source_customer_id VARCHAR NOT NULL,
  member INTEGER NOT NULL, customer_id VARCHAR NOT NULL, person INTEGER NOT NULL, reason VARCHAR NOT NULL
);

CREATE TABLE facts.customers (
  source VARCHAR NOT NULL, member INTEGER NOT NULL,
  gender VARCHAR, birth_date DATE, country VARCHAR, region VARCHAR, city VARCHAR, postcode VARCHAR,
  acquired_on DATE, acquired_channel VARCHAR, referrer_id VARCHAR,
  email_consent BOOLEAN, sms_consent BOOLEAN, tags VARCHAR, attributes VARCHAR,
  updated_at TIMESTAMPTZ, content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.contacts (
  source VARCHAR NOT NULL, member INTEGER NOT NULL,
  name VARCHAR, email VARCHAR, phone VARCHAR, address VARCHAR,
  updated_at TIMESTAMPTZ, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.products (
  source VARCHAR NOT NULL, product_id VARCHAR NOT NULL,
  name VARCHAR, category VARCHAR, brand VARCHAR, price DECIMAL(18,4), cost DECIMAL(18,4),
  updated_at TIMESTAMPTZ, content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- counted: false for orders that are kept and never count (unpaid, or
-- cancelled without a date). net is in the reporting currency, original_net in
-- the order's own; original_net is NULL when the order came without an amount:
-- its net is then the sum of its lines, once they are known.
CREATE TABLE facts.orders (
  source VARCHAR NOT NULL, order_id VARCHAR NOT NULL, member INTEGER,
  ordered_at TIMESTAMPTZ NOT NULL, ordered_on DATE NOT NULL, ordered_day INTEGER NOT NULL,
  status VARCHAR, counted BOOLEAN NOT NULL, shop VARCHAR, channel VARCHAR, currency VARCHAR,
  gross DECIMAL(18,4), discount DECIMAL(18,4), shipping DECIMAL(18,4), tax DECIMAL(18,4),
  net DECIMAL(18,4) NOT NULL, original_net DECIMAL(18,4), cost DECIMAL(18,4),
  coupon VARCHAR, campaign_id VARCHAR, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

-- Versions of orders that a newer one replaced, with what replaced them.
CREATE TABLE facts.superseded_orders AS SELECT *, CAST(0 AS INTEGER) AS superseded_by FROM facts.orders WHERE false;

CREATE TABLE facts.order_lines (
  source VARCHAR NOT NULL, order_id VARCHAR NOT NULL, line INTEGER NOT NULL,
  product_id VARCHAR, quantity DECIMAL(18,4), unit_price DECIMAL(18,4), discount DECIMAL(18,4),
  net DECIMAL(18,4), cost DECIMAL(18,4), content BIGINT NOT NULL, batch_id INTEGER NOT NULL, file_line BIGINT NOT NULL
);

CREATE TABLE facts.superseded_order_lines AS SELECT *, CAST(0 AS INTEGER) AS superseded_by FROM facts.order_lines WHERE false;

-- What the file says stays as it came: named_member, returned_on, told_amount.
-- member, refunded_on, amount and counted are what it means beside the orders
-- that are known now; merge/settle_refunds works them out after every load.
-- told_by: order, when the order itself told of the refund; row otherwise.
CREATE TABLE facts.refunds (
  source VARCHAR NOT NULL, refund_id VARCHAR NOT NULL, order_id VARCHAR, member INTEGER, named_member INTEGER,
  refunded_at TIMESTAMPTZ NOT NULL, returned_on DATE NOT NULL, refunded_on DATE NOT NULL, refunded_day INTEGER NOT NULL,
  amount DECIMAL(18,4) NOT NULL, told_amount DECIMAL(18,4) NOT NULL, currency VARCHAR, reason VARCHAR,
  told_by VARCHAR NOT NULL, counted BOOLEAN NOT NULL, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.interactions (
  source VARCHAR NOT NULL, interaction_id VARCHAR NOT NULL, member INTEGER,
  occurred_at TIMESTAMPTZ NOT NULL, occurred_on DATE NOT NULL, occurred_day INTEGER NOT NULL,
  kind VARCHAR, channel VARCHAR, direction VARCHAR, agent VARCHAR, topic VARCHAR,
  first_response_at TIMESTAMPTZ, resolved_at TIMESTAMPTZ, contacts INTEGER,
  satisfaction DOUBLE, nps INTEGER, cost DECIMAL(18,4), updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.texts (
  source VARCHAR NOT NULL, interaction_id VARCHAR NOT NULL, body VARCHAR NOT NULL, batch_id INTEGER NOT NULL
);

CREATE TABLE facts.campaigns (
  source VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, name VARCHAR, channel VARCHAR,
  started_on DATE, ended_on DATE, cost DECIMAL(18,4), objective VARCHAR, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE facts.responses (
  source VARCHAR NOT NULL, response_id VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, member INTEGER,
  occurred_at TIMESTAMPTZ NOT NULL, occurred_on DATE NOT NULL, occurred_day INTEGER NOT NULL,
  event VARCHAR NOT NULL, arm VARCHAR, value DECIMAL(18,4), machine BOOLEAN, updated_at TIMESTAMPTZ,
  content BIGINT NOT NULL, batch_id INTEGER NOT NULL, line BIGINT NOT NULL
);

CREATE TABLE rates ("on" DATE NOT NULL, "from" VARCHAR NOT NULL, "to" VARCHAR NOT NULL, rate DOUBLE NOT NULL);

CREATE TABLE batches (
  batch_id INTEGER NOT NULL, kind VARCHAR NOT NULL, source VARCHAR NOT NULL, path VARCHAR NOT NULL,
  content_hash VARCHAR NOT NULL, mapping VARCHAR NOT NULL,
  read BIGINT NOT NULL, accepted BIGINT NOT NULL, duplicates BIGINT NOT NULL, rejected BIGINT NOT NULL,
  state VARCHAR NOT NULL, loaded_at TIMESTAMPTZ NOT NULL, notes VARCHAR, allow_rejects BOOLEAN NOT NULL
);

CREATE TABLE rejects (
  batch_id INTEGER NOT NULL, line BIGINT NOT NULL, "column" VARCHAR, value VARCHAR, reason VARCHAR NOT NULL, raw VARCHAR
);

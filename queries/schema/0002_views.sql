-- What people query: facts with the customer who did them, as today's
-- identities have it. Direct identifiers are in contacts, texts and rejects.raw only.

-- The reporting currency, in which amounts are that name no other.
CREATE OR REPLACE VIEW facts.reporting AS SELECT max(nullif(value, 'auto')) AS currency FROM meta WHERE key = 'frozen.currency';

-- Orders as their files told of them, with what none has told of yet being NULL, and
-- row for where they stand in facts.order_rows. refunded_at is set where the order
-- itself tells of a refund: of refunded, or of all of it when NULL. rate is what amounts
-- were multiplied by, NULL where they were not.
CREATE OR REPLACE VIEW facts.order_versions AS
WITH told AS (
  SELECT CAST(NULL AS BIGINT) AS card, CAST(NULL AS DECIMAL(18,4)) AS gross, CAST(NULL AS DECIMAL(18,4)) AS discount,
    CAST(NULL AS DECIMAL(18,4)) AS shipping, CAST(NULL AS DECIMAL(18,4)) AS tax, CAST(NULL AS DECIMAL(18,4)) AS cost,
    CAST(NULL AS DECIMAL(18,4)) AS refunded, CAST(NULL AS TIMESTAMPTZ) AS refunded_at, CAST(NULL AS DATE) AS refunded_on,
    CAST(NULL AS DECIMAL(20,12)) AS rate, CAST(NULL AS TIMESTAMPTZ) AS updated_at
  WHERE false
  UNION ALL BY NAME
  SELECT rowid AS "row", * FROM facts.order_rows
)
SELECT o."row", b.source, o.order_id, o.member, o.card, o.ordered_at, CAST(DATE '1970-01-01' + o.ordered_day AS DATE) AS ordered_on, o.ordered_day,
  CAST(o.status AS VARCHAR) AS status, o.counted, o.terms, o.gross, o.discount, o.shipping, o.tax, o.net, o.original_net, o.cost,
  o.refunded, o.refunded_at, o.refunded_on, o.rate, o.updated_at, o.content, o.batch_id, o.line
FROM told AS o JOIN batches AS b ON o.batch_id = b.batch_id;

CREATE OR REPLACE VIEW facts.orders AS SELECT * EXCLUDE ("row") FROM facts.order_versions;

-- The same of the versions that a newer one replaced, as far as they are looked at.
CREATE OR REPLACE VIEW facts.superseded_order_versions AS
WITH told AS (
  SELECT CAST(NULL AS BIGINT) AS card WHERE false UNION ALL BY NAME SELECT rowid AS "row", * FROM facts.superseded_order_rows
)
SELECT o."row", b.source, o.order_id, o.member, o.card, o.net, o.content, o.batch_id, o.line
FROM told AS o JOIN batches AS b ON o.batch_id = b.batch_id;

-- Orders with the terms on which they were placed.
CREATE OR REPLACE VIEW facts.placed_orders AS
SELECT o.*, t.shop, t.channel, t.currency, t.coupon, t.campaign_id
FROM facts.orders AS o LEFT JOIN facts.terms AS t ON o.terms = t.terms;

CREATE OR REPLACE VIEW orders AS
SELECT o.source, o.order_id, i.customer_id, o.member, o.ordered_at, o.ordered_on, o.ordered_day, o.status, o.counted,
  o.shop, o.channel, coalesce(o.currency, (SELECT currency FROM facts.reporting)) AS currency, o.gross, o.discount, o.shipping, o.tax, o.net, o.original_net, o.cost,
  o.coupon, o.campaign_id, o.updated_at, o.batch_id, o.line
FROM facts.placed_orders AS o LEFT JOIN identities AS i ON o.member = i.member
WHERE o.net >= 0;

CREATE OR REPLACE VIEW order_lines AS
SELECT source, order_id, line, product_id, quantity, unit_price, discount, net, cost, batch_id, file_line
FROM facts.order_lines;

CREATE OR REPLACE VIEW refunds AS
SELECT r.source, r.refund_id, r.order_id, i.customer_id, r.member, r.refunded_at, r.refunded_on, r.refunded_day, r.amount,
  r.told_amount, r.counted, coalesce(r.currency, (SELECT currency FROM facts.reporting)) AS currency, r.reason, r.batch_id, r.line
FROM facts.settled_refunds AS r LEFT JOIN identities AS i ON r.member = i.member;

CREATE OR REPLACE VIEW interactions AS
SELECT n.source, n.interaction_id, i.customer_id, n.member, n.occurred_at, n.occurred_on, n.occurred_day, n.kind, n.channel,
  n.direction, n.agent, n.topic, n.first_response_at, n.resolved_at, n.contacts, n.satisfaction, n.nps, n.cost, n.batch_id, n.line
FROM facts.interactions AS n LEFT JOIN identities AS i ON n.member = i.member;

CREATE OR REPLACE VIEW texts AS 
SELECT source, interaction_id, body, batch_id FROM facts.interactions WHERE body IS NOT NULL;

CREATE OR REPLACE VIEW responses AS
SELECT r.source, r.response_id, r.campaign_id, i.customer_id, r.member, r.occurred_at, r.occurred_on, r.occurred_day,
  r.event, r.arm, r.value, r.machine, r.batch_id, r.line
FROM facts.responses AS r LEFT JOIN identities AS i ON r.member = i.member;

-- One row per product: of each column the newest value of products files that is
-- not empty; else what most order lines say, and as price the highest they name.
CREATE OR REPLACE VIEW products AS
WITH told AS (
  SELECT product_id, article, count(*) AS n, max(unit_price) AS price FROM facts.order_lines
  WHERE product_id IS NOT NULL GROUP BY product_id, article
),
lines AS (
  SELECT t.product_id,
    arg_max(a.name, (t.n, a.name)) FILTER (a.name IS NOT NULL) AS name,
    arg_max(a.category, (t.n, a.category)) FILTER (a.category IS NOT NULL) AS category,
    arg_max(a.brand, (t.n, a.brand)) FILTER (a.brand IS NOT NULL) AS brand,
    max(t.price) AS price
  FROM told AS t LEFT JOIN facts.articles AS a ON t.article = a.article
  GROUP BY t.product_id
),
dated AS (
  SELECT p.*, coalesce(p.updated_at, b.loaded_at) AS told_at,
    CASE WHEN p.updated_at IS NULL THEN p.batch_id ELSE 0 END AS nth, CASE WHEN p.updated_at IS NULL THEN p.line ELSE 0 END AS place
  FROM facts.products AS p JOIN batches AS b ON p.batch_id = b.batch_id
),
files AS (
  SELECT product_id,
    arg_max(name, (told_at, nth, place, name)) FILTER (name IS NOT NULL) AS name,
    arg_max(category, (told_at, nth, place, category)) FILTER (category IS NOT NULL) AS category,
    arg_max(brand, (told_at, nth, place, brand)) FILTER (brand IS NOT NULL) AS brand,
    arg_max(price, (told_at, nth, place, price)) FILTER (price IS NOT NULL) AS price,
    arg_max(cost, (told_at, nth, place, cost)) FILTER (cost IS NOT NULL) AS cost
  FROM dated GROUP BY product_id
)
SELECT product_id, coalesce(f.name, l.name) AS name, coalesce(f.category, l.category) AS category, coalesce(f.brand, l.brand) AS brand,
  coalesce(f.price, l.price) AS price, f.cost
FROM files AS f FULL JOIN lines AS l USING (product_id);

-- The newest row of each campaign.
CREATE OR REPLACE VIEW campaigns AS
WITH ranked AS (
  SELECT c.*, row_number() OVER (PARTITION BY c.campaign_id ORDER BY coalesce(c.updated_at, b.loaded_at) DESC,
    CASE WHEN c.updated_at IS NULL THEN c.batch_id END DESC NULLS LAST, CASE WHEN c.updated_at IS NULL THEN c.line END DESC NULLS LAST, c.content DESC, c.source) AS n
  FROM facts.campaigns AS c JOIN batches AS b ON c.batch_id = b.batch_id
)
SELECT campaign_id, name, channel, started_on, ended_on, cost, objective, recipients, delivered, opened, clicked, converted,
  unsubscribed, bounced, complained, revenue, source, batch_id
FROM ranked WHERE n = 1;

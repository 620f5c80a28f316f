-- An orders file with one row per line item becomes its lines and its orders.
-- Fields of the order may stand on every row or on the first only: the first
-- that is filled counts. $amount_of_order: net is the order's, not the line's;
-- $amount_of_line: the source is known to tell each line's own amounts.
CREATE OR REPLACE TEMP TABLE stage_lines AS
SELECT line, id AS order_id, content,
  CAST(row_number() OVER (PARTITION BY id ORDER BY line_number, line) AS INTEGER) AS number,
  product_id, article, quantity, unit_price, line_discount AS discount,
  coalesce(line_net, TRY_CAST(CAST(quantity AS DECIMAL(38,4)) * unit_price - coalesce(line_discount, 0) AS DECIMAL(18,4)),
    CASE WHEN $amount_of_order THEN NULL ELSE net END) AS net,
  line_cost AS cost
FROM stage;

CREATE OR REPLACE TEMP TABLE stage_orders AS
WITH amounts AS (
  SELECT order_id, count(*) AS rows, TRY_CAST(sum(net) AS DECIMAL(18,4)) AS net, TRY_CAST(sum(cost) AS DECIMAL(18,4)) AS cost
  FROM stage_lines GROUP BY order_id
),
grouped AS (
  SELECT id, CAST(NULL AS BIGINT) AS batch, min(line) AS line, CAST(sum(CAST(content AS HUGEINT)) % 9223372036854775807 AS BIGINT) AS content,
    arg_min(member, line) AS member, arg_min(card, line) AS card, arg_min(rate, line) AS rate,
    arg_min(ordered_at, line) AS ordered_at, arg_min(ordered_on, line) AS ordered_on,
    arg_min(status, line) AS status, arg_min(terms, line) AS terms, arg_min(shop, line) AS shop, arg_min(channel, line) AS channel, arg_min(currency, line) AS currency,
    arg_min(gross, line) AS gross,
    CASE WHEN count(DISTINCT discount) > 1 THEN CAST(sum(discount) AS DECIMAL(18,4)) ELSE max(discount) END AS discount,
    count(line_net) AS line_nets, CAST(CASE WHEN $amount_of_line THEN sum(shipping) ELSE arg_min(shipping, line) END AS DECIMAL(18,4)) AS shipping,
    CAST(CASE WHEN $amount_of_line THEN sum(tax) ELSE arg_min(tax, line) END AS DECIMAL(18,4)) AS tax,
    arg_min(net, line) AS net, arg_min(cost, line) AS cost, arg_min(coupon, line) AS coupon, arg_min(campaign_id, line) AS campaign_id,
    max(updated_at) AS updated_at, max(updated_on) AS updated_on, arg_min(cancelled_at, line) AS cancelled_at, arg_min(cancelled_on, line) AS cancelled_on,
    CAST(CASE WHEN $amount_of_line THEN sum(refunded) ELSE arg_min(refunded, line) END AS DECIMAL(18,4)) AS refunded, arg_min(refunded_at, line) AS refunded_at, arg_min(refunded_on, line) AS refunded_on
  FROM stage GROUP BY id
)
SELECT g.* EXCLUDE (line_nets) REPLACE (
    CASE WHEN $amount_of_order THEN g.net
      WHEN g.line_nets = 0 THEN TRY_CAST(a.net - coalesce(g.discount, 0) AS DECIMAL(18,4))
      ELSE a.net END AS net,
    coalesce(g.cost, a.cost) AS cost),
  CAST(NULL AS DECIMAL(18,4)) AS quantity, CAST(NULL AS DECIMAL(18,4)) AS unit_price, CAST(NULL AS DECIMAL(18,4)) AS line_discount,
  a.rows
FROM grouped AS g JOIN amounts AS a ON g.id = a.order_id;

UPDATE stage_lines SET net = o.net FROM stage_orders AS o
WHERE stage_lines.order_id = o.id AND o.rows = 1 AND stage_lines.net IS NULL;

CREATE OR REPLACE TEMP VIEW stage AS SELECT * FROM stage_orders;

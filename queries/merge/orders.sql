-- Orders of a file into the store. stage has one row per order, stage_lines its
-- lines, people its customers, repeats the ids that stand more than once.
-- A negative order is a refund: Online Retail's invoices that start with C are.
CREATE OR REPLACE TEMP VIEW versions AS
WITH goods AS ( -- each step is cast back: sums and products of decimals are wider and slow
  SELECT s.*,
    coalesce(s.net, CAST(s.gross - coalesce(s.discount, 0) AS DECIMAL(18,4)),
      TRY_CAST(CAST(s.quantity AS DECIMAL(38,4)) * s.unit_price - coalesce(s.line_discount, 0) - coalesce(s.discount, 0) AS DECIMAL(18,4))) AS goods,
    CASE WHEN s.customer_via IN ('email', 'phone') THEN s.customer_via ELSE l.id_space END AS id_space,
    l.source, l.batch_id, l.currency AS reporting, l.with_tax, l.with_shipping
  FROM stage AS s CROSS JOIN load AS l
),
priced AS (
  SELECT *,
    CASE WHEN with_tax AND with_shipping THEN CAST(coalesce(goods, 0) + coalesce(tax, 0) + coalesce(shipping, 0) AS DECIMAL(18,4))
      WHEN with_tax THEN CAST(coalesce(goods, 0) + coalesce(tax, 0) AS DECIMAL(18,4))
      WHEN with_shipping THEN CAST(coalesce(goods, 0) + coalesce(shipping, 0) AS DECIMAL(18,4))
      ELSE coalesce(goods, CAST(0 AS DECIMAL(18,4))) END AS amount
  FROM goods
)
SELECT p.*, m.member,
  p.amount < 0 AS is_refund,
  CASE
    WHEN p.status = 'unpaid' THEN false
    WHEN p.status = 'cancelled' AND p.cancelled_on IS NULL AND p.refunded_on IS NULL THEN false
    WHEN p.status = 'refunded' AND p.cancelled_on IS NULL AND p.refunded_on IS NULL AND coalesce(p.refunded, 0) = 0 THEN false
    ELSE true END AS counted
FROM priced AS p LEFT JOIN people AS m ON m.id_space = p.id_space AND m.customer_key = p.customer_key;

-- What the store has under the ids of the file.
CREATE OR REPLACE TEMP TABLE met AS
SELECT o.order_id AS id, o.content, o.updated_at FROM facts.orders AS o
WHERE o.source = $source AND o.order_id IN (SELECT id FROM stage)
UNION ALL
SELECT r.refund_id, r.content, r.updated_at FROM facts.refunds AS r JOIN batches AS b ON r.batch_id = b.batch_id
WHERE r.source = $source AND b.kind = 'orders' AND r.told_by = 'row' AND r.refund_id IN (SELECT id FROM stage);

-- The rows that are not simply new, and what becomes of them.
CREATE OR REPLACE TEMP TABLE aside AS
WITH candidates AS (
  SELECT line, id, content, updated_at FROM stage
  WHERE id IN (SELECT id FROM repeats UNION ALL SELECT id FROM met)
),
placed AS (
  SELECT *,
    row_number() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, CASE WHEN updated_at IS NULL THEN line ELSE content END DESC, line DESC) AS place,
    row_number() OVER (PARTITION BY id, content ORDER BY line DESC) AS copy
  FROM candidates
),
older AS (
  SELECT DISTINCT order_id, content FROM facts.superseded_orders WHERE source = $source
)
SELECT p.line, p.id,
  CASE
    WHEN p.copy > 1 OR m.content = p.content THEN 'duplicate'
    WHEN (p.place > 1 OR p.updated_at <= m.updated_at) AND o.content IS NOT NULL THEN 'duplicate'
    WHEN p.place > 1 THEN 'superseded'
    WHEN p.updated_at < m.updated_at OR (p.updated_at = m.updated_at AND p.content < m.content) THEN 'superseded'
    WHEN m.id IS NOT NULL THEN 'replaces'
    ELSE 'new' END AS outcome
FROM placed AS p
  LEFT JOIN met AS m ON p.id = m.id
  LEFT JOIN older AS o ON p.id = o.order_id AND p.content = o.content;

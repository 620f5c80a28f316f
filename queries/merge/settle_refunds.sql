-- What refunds mean beside the orders that are known: whose they are, on which
-- day they count, whether they count at all, and how much of what an order told
-- of is not in a refund of its own. Worked out anew after every load, so the order
-- of loading does not matter. A refund belongs to an order of its own source, or
-- of any one source when its own has no orders.
CREATE OR REPLACE TEMP TABLE refund_orders AS
WITH wanted AS (
  SELECT DISTINCT source, order_id FROM facts.refunds WHERE order_id IS NOT NULL
),
candidates AS (
  SELECT w.source, w.order_id, o.source AS order_source, o.member, o.ordered_on, o.counted
  FROM wanted AS w JOIN facts.orders AS o ON w.order_id = o.order_id
  WHERE o.source = w.source OR w.source NOT IN (SELECT source FROM batches WHERE kind = 'orders' AND state = 'loaded')
)
SELECT source, order_id, min(order_source) AS order_source, min(member) AS member, min(ordered_on) AS ordered_on, bool_and(counted) AS counted
FROM candidates GROUP BY source, order_id HAVING count(*) = 1;

CREATE OR REPLACE TEMP TABLE refund_rows AS
SELECT o.order_source, r.order_id, CAST(sum(r.told_amount) AS DECIMAL(38,4)) AS amount
FROM facts.refunds AS r JOIN refund_orders AS o ON r.source = o.source AND r.order_id = o.order_id
WHERE r.told_by = 'row' GROUP BY o.order_source, r.order_id;

CREATE OR REPLACE TEMP TABLE settled AS
SELECT r.source, r.refund_id, r.told_by,
  coalesce(r.named_member, o.member) AS member,
  CASE WHEN $by_order THEN coalesce(o.ordered_on, r.returned_on) ELSE r.returned_on END AS refunded_on,
  CAST(CASE WHEN r.told_by = 'order' THEN greatest(r.told_amount - coalesce(w.amount, 0), 0) ELSE r.told_amount END AS DECIMAL(18,4)) AS amount,
  coalesce(o.counted, true) AS counted
FROM facts.refunds AS r
  LEFT JOIN refund_orders AS o ON r.source = o.source AND r.order_id = o.order_id
  LEFT JOIN refund_rows AS w ON o.order_source = w.order_source AND r.order_id = w.order_id;

UPDATE facts.refunds SET member = s.member, refunded_on = s.refunded_on,
  refunded_day = CAST(s.refunded_on - DATE '1970-01-01' AS INTEGER), amount = s.amount, counted = s.counted
FROM settled AS s
WHERE facts.refunds.source = s.source AND facts.refunds.refund_id = s.refund_id AND facts.refunds.told_by = s.told_by
  AND (facts.refunds.member IS DISTINCT FROM s.member OR facts.refunds.refunded_on <> s.refunded_on
    OR facts.refunds.amount <> s.amount OR facts.refunds.counted <> s.counted);

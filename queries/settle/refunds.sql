-- All refunds, as they are understood beside the orders that are known: rows of
-- refunds files, orders below zero (Online Retail's invoices that start with C), and
-- what orders tell of, which is at most their net: many tell of it with tax and
-- shipping. Whose they are, on which day they count, whether they count at all, and
-- how much of what an order told of is not in a refund of its own. Made anew after
-- every load, so the order of loading does not matter. A refund belongs to an order
-- of its own source, or of any one source when its own has no orders. The status of
-- an order says why money went back only where that is a cancellation: of a paid
-- order, the amount says whether all of it did.
CREATE OR REPLACE TEMP TABLE told_refunds AS
SELECT source, refund_id, order_id, member, refunded_at, refunded_on, amount, currency, reason, 'row' AS told_by, batch_id, line
FROM facts.refunds
UNION ALL
SELECT source, order_id, NULL, member, ordered_at, ordered_on, -net, currency, CASE WHEN status = 'cancelled' THEN 'cancelled' ELSE 'negative order' END, 'row', batch_id, line
FROM facts.placed_orders WHERE net < 0 AND status IS DISTINCT FROM 'unpaid'
UNION ALL
SELECT source, order_id || ':refund', order_id, member, refunded_at, refunded_on, least(coalesce(refunded, net), net), currency,
  CASE WHEN status = 'cancelled' THEN 'cancelled' WHEN refunded < net THEN 'partial refund' ELSE 'refund' END, 'order', batch_id, line
FROM facts.placed_orders WHERE refunded_at IS NOT NULL AND counted AND net > 0;

CREATE OR REPLACE TEMP TABLE refund_orders AS
WITH wanted AS (
  SELECT DISTINCT source, order_id FROM told_refunds WHERE order_id IS NOT NULL
),
candidates AS (
  SELECT w.source, w.order_id, o.source AS order_source, o.member, o.ordered_on, o.counted
  FROM wanted AS w JOIN facts.orders AS o ON w.order_id = o.order_id
  WHERE o.net >= 0 AND (o.source = w.source OR w.source NOT IN (SELECT source FROM batches WHERE kind = 'orders' AND state = 'loaded'))
)
SELECT source, order_id, min(order_source) AS order_source, min(member) AS member, min(ordered_on) AS ordered_on, bool_and(counted) AS counted
FROM candidates GROUP BY source, order_id HAVING count(*) = 1;

CREATE OR REPLACE TEMP TABLE refund_rows AS
SELECT o.order_source, r.order_id, CAST(sum(r.amount) AS DECIMAL(38,4)) AS amount
FROM told_refunds AS r JOIN refund_orders AS o ON r.source = o.source AND r.order_id = o.order_id
WHERE r.told_by = 'row' GROUP BY o.order_source, r.order_id;

CREATE OR REPLACE TABLE facts.settled_refunds AS
WITH dated AS (
  SELECT r.*, o.member AS owner, coalesce(o.counted, true) AS counted,
    CASE WHEN $by_order THEN coalesce(o.ordered_on, r.refunded_on) ELSE r.refunded_on END AS counts_on,
    CAST(CASE WHEN r.told_by = 'order' THEN greatest(r.amount - coalesce(w.amount, 0), 0) ELSE r.amount END AS DECIMAL(18,4)) AS left_over
  FROM told_refunds AS r
    LEFT JOIN refund_orders AS o ON r.source = o.source AND r.order_id = o.order_id
    LEFT JOIN refund_rows AS w ON o.order_source = w.order_source AND r.order_id = w.order_id
)
SELECT source, refund_id, order_id, coalesce(member, owner) AS member, refunded_at, counts_on AS refunded_on,
  CAST(counts_on - DATE '1970-01-01' AS INTEGER) AS refunded_day, left_over AS amount, CAST(amount AS DECIMAL(18,4)) AS told_amount,
  currency, reason, told_by, counted, batch_id, line
FROM dated;

DROP TABLE told_refunds;

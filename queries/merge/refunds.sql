-- Refunds of a file. An amount is what goes back, however its sign was written.
DELETE FROM facts.refunds WHERE source = $source AND refund_id IN (SELECT id FROM fate WHERE outcome = 'replaces');

INSERT INTO facts.refunds
WITH dates AS (
  SELECT order_id, min(ordered_at) AS ordered_at, min(ordered_on) AS ordered_on FROM facts.orders
  WHERE order_id IN (SELECT order_id FROM stage) GROUP BY order_id HAVING count(*) = 1
)
SELECT $source, s.id, s.order_id, p.member,
  CASE WHEN l.refunds_by_order THEN coalesce(d.ordered_at, s.refunded_at) ELSE s.refunded_at END,
  CASE WHEN l.refunds_by_order THEN coalesce(d.ordered_on, s.refunded_on) ELSE s.refunded_on END,
  CAST(CASE WHEN l.refunds_by_order THEN coalesce(d.ordered_on, s.refunded_on) ELSE s.refunded_on END - DATE '1970-01-01' AS INTEGER),
  abs(s.amount), abs(s.amount), coalesce(s.currency, l.currency), s.reason, s.content, $batch, s.line
FROM stage AS s JOIN fate AS f ON s.line = f.line CROSS JOIN load AS l
  LEFT JOIN people AS p ON p.id_space = CASE WHEN s.customer_via IN ('email', 'phone') THEN s.customer_via ELSE l.id_space END
    AND p.customer_key = s.customer_key
  LEFT JOIN dates AS d ON s.order_id = d.order_id
WHERE f.outcome IN ('new', 'replaces');

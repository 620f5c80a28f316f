-- Refunds of a file. An amount is what goes back, however its sign was written.
DELETE FROM facts.refunds WHERE source = $source AND refund_id IN (SELECT id FROM fate WHERE outcome = 'replaces')
  AND batch_id IN (SELECT batch_id FROM batches WHERE kind = 'refunds');

INSERT INTO facts.refunds
SELECT $source, s.id, s.order_id, p.member, p.member, s.refunded_at, s.refunded_on, s.refunded_on,
  CAST(s.refunded_on - DATE '1970-01-01' AS INTEGER),
  abs(s.amount), abs(s.amount), coalesce(s.currency, l.currency), s.reason, 'row', true, s.updated_at, s.content, $batch, s.line
FROM stage AS s JOIN fate AS f ON s.line = f.line CROSS JOIN load AS l
  LEFT JOIN people AS p ON p.id_space = CASE WHEN s.customer_via IN ('email', 'phone') THEN s.customer_via ELSE l.id_space END
    AND p.customer_key = s.customer_key
WHERE f.outcome IN ('new', 'replaces');

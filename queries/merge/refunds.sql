-- Refunds of a file. An amount is what goes back, however its sign was written.
INSERT INTO facts.refunds
SELECT $source, id, order_id, member, card, refunded_at, refunded_on, abs(converted(amount, rate)), abs(amount), currency, reason,
  updated_at, content, coalesce(batch, $batch), line
FROM stage;

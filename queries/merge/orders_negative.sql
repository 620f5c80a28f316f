-- Refunds that stand as orders: negative ones.
INSERT INTO facts.refunds
SELECT source, id, NULL, member, member, ordered_at, ordered_on, ordered_on, CAST(ordered_on - DATE '1970-01-01' AS INTEGER),
  -amount, -amount, coalesce(currency, reporting), coalesce(status, 'negative order'), 'row', true, updated_at, content, batch_id, line
FROM versions ANTI JOIN (SELECT line FROM aside WHERE outcome IN ('duplicate', 'superseded')) AS a ON versions.line = a.line
WHERE is_refund;

-- The current versions of the file's orders.
INSERT INTO facts.orders
SELECT source, id, member, ordered_at, ordered_on, CAST(ordered_on - DATE '1970-01-01' AS INTEGER), status, counted,
  shop, channel, coalesce(currency, reporting), gross, discount, shipping, tax, amount, CASE WHEN goods IS NOT NULL THEN amount END, cost, coupon, campaign_id, updated_at,
  content, batch_id, line
FROM versions ANTI JOIN (SELECT line FROM aside WHERE outcome IN ('duplicate', 'superseded')) AS a ON versions.line = a.line
WHERE NOT is_refund;

-- Versions that were superseded before they arrived are kept aside at once.
INSERT INTO facts.superseded_orders
SELECT source, id, member, ordered_at, ordered_on, CAST(ordered_on - DATE '1970-01-01' AS INTEGER), status, counted,
  shop, channel, coalesce(currency, reporting), gross, discount, shipping, tax, amount, CASE WHEN goods IS NOT NULL THEN amount END, cost, coupon, campaign_id, updated_at,
  content, batch_id, line, batch_id
FROM versions
WHERE line IN (SELECT line FROM aside WHERE outcome = 'superseded');

INSERT INTO facts.superseded_order_lines
SELECT $source, order_id, number, product_id, quantity, unit_price, discount, net, cost, content, $batch, line, $batch
FROM stage_lines
WHERE order_id IN (SELECT id FROM aside WHERE outcome = 'superseded');

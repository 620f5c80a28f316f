-- Orders of a file into the store: each row of stage is one. Older versions and
-- equal copies are set apart once all files are in (versions.sql). It reads stage
-- once: that may be the file itself, as it is read.
INSERT INTO facts.orders
WITH goods AS ( -- each step is cast back: sums and products of decimals are wider and slow
  SELECT *,
    coalesce(net, CAST(gross - coalesce(discount, 0) AS DECIMAL(18,4)),
      TRY_CAST(CAST(quantity AS DECIMAL(38,4)) * unit_price - coalesce(line_discount, 0) - coalesce(discount, 0) AS DECIMAL(18,4))) AS goods
  FROM stage
),
priced AS (
  SELECT *,
    CASE WHEN $with_tax AND $with_shipping THEN CAST(coalesce(goods, 0) + coalesce(tax, 0) + coalesce(shipping, 0) AS DECIMAL(18,4))
      WHEN $with_tax THEN CAST(coalesce(goods, 0) + coalesce(tax, 0) AS DECIMAL(18,4))
      WHEN $with_shipping THEN CAST(coalesce(goods, 0) + coalesce(shipping, 0) AS DECIMAL(18,4))
      ELSE coalesce(goods, CAST(0 AS DECIMAL(18,4))) END AS amount
  FROM goods
),
judged AS (
  SELECT *,
    CASE
      WHEN status = 'unpaid' THEN false
      WHEN status = 'cancelled' AND cancelled_on IS NULL AND refunded_on IS NULL THEN false
      WHEN status = 'refunded' AND cancelled_on IS NULL AND refunded_on IS NULL AND coalesce(refunded, 0) = 0 THEN false
      ELSE true END AS counted,
    refunded > 0 OR cancelled_on IS NOT NULL OR (status IN ('cancelled', 'refunded') AND refunded_on IS NOT NULL) AS returned
  FROM priced
)
SELECT $source, id, member, card, ordered_at, ordered_on, CAST(ordered_on - DATE '1970-01-01' AS INTEGER), status, counted,
  coalesce(terms, terms_of(shop, channel, currency, coupon, campaign_id)),
  converted(gross, rate), converted(discount, rate), converted(shipping, rate), converted(tax, rate),
  converted(amount, rate), CASE WHEN goods IS NOT NULL THEN amount END, converted(cost, rate),
  CASE WHEN returned AND refunded > 0 THEN converted(refunded, rate) END,
  CASE WHEN returned THEN coalesce(refunded_at, cancelled_at, updated_at, ordered_at) END,
  CASE WHEN returned THEN coalesce(refunded_on, cancelled_on, updated_on, ordered_on) END,
  CAST(rate AS DECIMAL(20,12)), updated_at, content, coalesce(batch, $batch), line
FROM judged;

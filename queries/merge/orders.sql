-- Orders of a file into the store: each row of stage is one. Older versions and
-- equal copies are set apart once all files are in (queries/settle). It reads stage
-- once: that may be the file itself, as it is read. {columns} are those of the table.
INSERT INTO facts.order_rows BY NAME
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
),
known AS (
  SELECT id AS order_id, member, card, ordered_at, CAST(ordered_on - DATE '1970-01-01' AS INTEGER) AS ordered_day, status, counted,
    coalesce(terms, terms_of(shop, channel, currency, coupon, campaign_id)) AS terms,
    converted(gross, rate) AS gross, converted(discount, rate) AS discount, converted(shipping, rate) AS shipping, converted(tax, rate) AS tax,
    converted(amount, rate) AS net, CASE WHEN goods IS NOT NULL THEN amount END AS original_net, converted(cost, rate) AS cost,
    CASE WHEN returned AND refunded > 0 THEN converted(refunded, rate) END AS refunded,
    CASE WHEN returned THEN coalesce(refunded_at, cancelled_at, updated_at, ordered_at) END AS refunded_at,
    CASE WHEN returned THEN coalesce(refunded_on, cancelled_on, updated_on, ordered_on) END AS refunded_on,
    CAST(rate AS DECIMAL(20,12)) AS rate, updated_at, content, coalesce(batch, $batch) AS batch_id, line
  FROM judged
)
SELECT {columns} FROM known;

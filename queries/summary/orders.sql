-- Orders that count, of some days: what purchases are made of. Guests are left out.
-- reads:  kept_order_rows
-- gives:  member BIGINT, day INTEGER, net DECIMAL(18,4)
SELECT o.member, o.ordered_day AS day, o.net
FROM kept_order_rows AS o
WHERE o.counted = true
  AND o.net >= CAST($smallest AS DECIMAL(18,4))
  AND o.ordered_day BETWEEN $first_day AND $last_day
  AND o.member IS NOT NULL

-- How many customers there are, and how many of them bought lately or more than once.
-- grain:
-- reads:  summary
-- gives:  customers BIGINT, prospects BIGINT, active_30 BIGINT, active_90 BIGINT, active_365 BIGINT, repeaters BIGINT,
--         orders BIGINT
SELECT
  count(CASE WHEN orders > 0 THEN 1 END) AS customers,
  count(CASE WHEN orders > 0 THEN NULL ELSE 1 END) AS prospects,
  count(CASE WHEN orders_30 > 0 THEN 1 END) AS active_30,
  count(CASE WHEN orders_90 > 0 THEN 1 END) AS active_90,
  count(CASE WHEN orders_365 > 0 THEN 1 END) AS active_365,
  count(CASE WHEN orders > 1 THEN 1 END) AS repeaters,
  CAST(COALESCE(sum(orders), 0) AS BIGINT) AS orders
FROM summary

-- What each customer bought up to the as-of day, from the purchase days. Portable.
-- gap_logs is the sum of the natural logs of the gaps in days, in billionths: whole
-- numbers add up to the same in any order. engine/bought.go does the same in one pass
-- for all customers; a test holds the two to each other.
-- grain:  person
-- reads:  daily, bounds
-- gives:  person BIGINT, orders BIGINT, purchase_days BIGINT, first_day INTEGER, last_day INTEGER, previous_day INTEGER,
--         longest_gap BIGINT, gap_squares BIGINT, gap_logs BIGINT, net DECIMAL(38,4), repeat_net DECIMAL(38,4),
--         orders_30 BIGINT, orders_60 BIGINT, orders_90 BIGINT, orders_365 BIGINT,
--         net_30 DECIMAL(38,4), net_90 DECIMAL(38,4), net_365 DECIMAL(38,4)
WITH spaced AS (
  SELECT person, day, orders, net, LAG(day) OVER (PARTITION BY person ORDER BY day) AS previous_day
  FROM daily
)
SELECT s.person,
  CAST(sum(s.orders) AS BIGINT) AS orders, count(*) AS purchase_days,
  min(s.day) AS first_day, max(s.day) AS last_day, max(s.previous_day) AS previous_day,
  CAST(max(s.day - s.previous_day) AS BIGINT) AS longest_gap,
  CAST(sum(CAST(s.day - s.previous_day AS BIGINT) * (s.day - s.previous_day)) AS BIGINT) AS gap_squares,
  CAST(sum(CASE WHEN s.previous_day IS NOT NULL THEN CAST(FLOOR(LN(CAST(s.day - s.previous_day AS DOUBLE)) * 1000000000) AS BIGINT) END) AS BIGINT) AS gap_logs,
  sum(s.net) AS net,
  sum(CASE WHEN s.previous_day IS NOT NULL THEN s.net ELSE 0 END) AS repeat_net,
  CAST(sum(CASE WHEN s.day > b.day_30 THEN s.orders ELSE 0 END) AS BIGINT) AS orders_30,
  CAST(sum(CASE WHEN s.day > b.day_60 THEN s.orders ELSE 0 END) AS BIGINT) AS orders_60,
  CAST(sum(CASE WHEN s.day > b.day_90 THEN s.orders ELSE 0 END) AS BIGINT) AS orders_90,
  CAST(sum(CASE WHEN s.day > b.day_365 THEN s.orders ELSE 0 END) AS BIGINT) AS orders_365,
  sum(CASE WHEN s.day > b.day_30 THEN s.net ELSE 0 END) AS net_30,
  sum(CASE WHEN s.day > b.day_90 THEN s.net ELSE 0 END) AS net_90,
  sum(CASE WHEN s.day > b.day_365 THEN s.net ELSE 0 END) AS net_365
FROM spaced AS s
CROSS JOIN bounds AS b
GROUP BY s.person

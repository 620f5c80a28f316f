-- Orders that count, their net amount and refunds: in all, in the 365 days up to the day, and in the 365 days before those.
-- Guests are orders without a customer; first_on and last_on are the first and last days with an order.
-- grain:
-- reads:  days_bought, guests_bought, kept_refunds, bounds
-- gives:  orders BIGINT, orders_365 BIGINT, orders_before BIGINT, guest_orders BIGINT, guest_sales DOUBLE,
--         net_revenue DOUBLE, net_revenue_365 DOUBLE, net_revenue_before DOUBLE, refunds DOUBLE, first_on DATE, last_on DATE
WITH days AS (
  SELECT day, orders, net, 0 AS guest_orders, 0 AS guest_net, 0 AS refunds
  FROM days_bought
  UNION ALL
  SELECT day, orders, net, orders, net, 0
  FROM guests_bought
  UNION ALL
  SELECT r.refunded_day, 0, 0, 0, 0, sum(r.amount)
  FROM kept_refunds AS r
  CROSS JOIN bounds AS b
  WHERE r.counted AND r.refunded_day <= b.as_of_day
  GROUP BY r.refunded_day
)
SELECT
  CAST(COALESCE(sum(d.orders), 0) AS BIGINT) AS orders,
  CAST(COALESCE(sum(CASE WHEN d.day > b.day_365 THEN d.orders END), 0) AS BIGINT) AS orders_365,
  CAST(COALESCE(sum(CASE WHEN d.day BETWEEN b.day_365 - 364 AND b.day_365 THEN d.orders END), 0) AS BIGINT) AS orders_before,
  CAST(COALESCE(sum(d.guest_orders), 0) AS BIGINT) AS guest_orders,
  CAST(COALESCE(sum(d.guest_net), 0) AS DOUBLE) AS guest_sales,
  CAST(COALESCE(sum(d.net - d.refunds), 0) AS DOUBLE) AS net_revenue,
  CAST(COALESCE(sum(CASE WHEN d.day > b.day_365 THEN d.net - d.refunds END), 0) AS DOUBLE) AS net_revenue_365,
  CAST(COALESCE(sum(CASE WHEN d.day BETWEEN b.day_365 - 364 AND b.day_365 THEN d.net - d.refunds END), 0) AS DOUBLE) AS net_revenue_before,
  CAST(COALESCE(sum(d.refunds), 0) AS DOUBLE) AS refunds,
  CAST(min(CASE WHEN d.orders > 0 THEN DATE '1970-01-01' + d.day END) AS DATE) AS first_on,
  CAST(max(CASE WHEN d.orders > 0 THEN DATE '1970-01-01' + d.day END) AS DATE) AS last_on
FROM bounds AS b
LEFT JOIN days AS d ON true

-- Orders that count, who made them, and their money, by source and by month, year and in all, and the same of all
-- sources together (source NULL). gross is before refunds, net after; not_counted are orders that are kept and never count.
-- A refund belongs to its source where that has orders, otherwise to the one source that has its order.
-- grain:  source, period
-- reads:  orders, refunds
-- gives:  source VARCHAR, period VARCHAR, orders BIGINT, customers BIGINT, gross DECIMAL(38,4), refunds DECIMAL(38,4),
--         net DECIMAL(38,4), not_counted BIGINT
WITH sellers AS (
  SELECT DISTINCT source
  FROM orders
),
refunded_orders AS (
  SELECT order_id, min(source) AS source
  FROM orders
  WHERE order_id IN (SELECT order_id FROM refunds)
  GROUP BY order_id
  HAVING count(*) = 1
),
returned AS (
  SELECT CASE WHEN s.source IS NULL THEN COALESCE(o.source, r.source) ELSE r.source END AS source, r.refunded_on, r.amount
  FROM refunds AS r
  LEFT JOIN sellers AS s ON r.source = s.source
  LEFT JOIN refunded_orders AS o ON r.order_id = o.order_id
  WHERE r.counted
),
facts AS (
  SELECT source, ordered_on AS day, counted, customer_id, net, CAST(0 AS DECIMAL(18,4)) AS refunded
  FROM orders
  UNION ALL
  SELECT source, refunded_on, NULL, NULL, 0, amount
  FROM returned
),
dated AS (
  SELECT source, year(day) AS in_year, 100 * year(day) + month(day) AS in_month, counted, customer_id, net, refunded
  FROM facts
  WHERE $source = '' OR source = $source
),
sums AS (
  SELECT
    source,
    in_year,
    in_month,
    count(CASE WHEN counted THEN 1 END) AS orders,
    count(DISTINCT CASE WHEN counted THEN customer_id END) AS customers,
    COALESCE(sum(CASE WHEN counted THEN net END), 0) AS gross,
    COALESCE(sum(refunded), 0) AS refunds,
    count(CASE WHEN NOT counted THEN 1 END) AS not_counted
  FROM dated
  GROUP BY GROUPING SETS ((source, in_year, in_month), (source, in_year), (source), (in_year, in_month), (in_year), ())
)
SELECT
  source,
  CASE
    WHEN in_month IS NOT NULL THEN format('{:04d}-{:02d}', in_year, in_month % 100)
    WHEN in_year IS NOT NULL THEN format('{:04d}', in_year)
    ELSE ''
  END AS period,
  orders,
  customers,
  gross,
  refunds,
  gross - refunds AS net,
  not_counted
FROM sums
ORDER BY source NULLS LAST, period = '', period

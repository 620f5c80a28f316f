-- What the store holds of each kind of fact: rows, rows without a customer, rows dated after the as-of day, first and last day.
-- Orders below zero are refunds here. not_counted: orders that are kept and never count (unpaid, or cancelled without a date).
-- grain:  kind
-- reads:  orders_told, facts.order_lines, facts.settled_refunds, facts.interactions, facts.responses, facts.customers, facts.products,
--         facts.campaigns, bounds
-- gives:  kind VARCHAR, facts BIGINT, without_customer BIGINT, not_counted BIGINT, after_as_of BIGINT, first_on DATE, last_on DATE
WITH dated AS (
  SELECT 'orders' AS kind, CAST(COALESCE(sum(orders), 0) AS BIGINT) AS facts,
    CAST(COALESCE(sum(CASE WHEN guest THEN orders END), 0) AS BIGINT) AS without_customer,
    CAST(COALESCE(sum(CASE WHEN NOT counted THEN orders END), 0) AS BIGINT) AS not_counted,
    CAST(COALESCE(sum(CASE WHEN day > as_of_day THEN orders END), 0) AS BIGINT) AS after_as_of,
    CAST(min(DATE '1970-01-01' + day) AS DATE) AS first_on, CAST(max(DATE '1970-01-01' + day) AS DATE) AS last_on
  FROM orders_told
  CROSS JOIN bounds
  UNION ALL
  SELECT 'refunds', count(*), count(CASE WHEN member IS NULL THEN 1 END), 0, count(CASE WHEN refunded_day > as_of_day THEN 1 END),
    min(refunded_on), max(refunded_on)
  FROM facts.settled_refunds
  CROSS JOIN bounds
  UNION ALL
  SELECT 'interactions', count(*), count(CASE WHEN member IS NULL THEN 1 END), 0, count(CASE WHEN occurred_day > as_of_day THEN 1 END),
    min(occurred_on), max(occurred_on)
  FROM facts.interactions
  CROSS JOIN bounds
  UNION ALL
  SELECT 'responses', count(*), count(CASE WHEN member IS NULL THEN 1 END), 0, count(CASE WHEN occurred_day > as_of_day THEN 1 END),
    min(occurred_on), max(occurred_on)
  FROM facts.responses
  CROSS JOIN bounds
),
undated AS (
  SELECT 'order-lines' AS kind, count(*) AS facts
  FROM facts.order_lines
  UNION ALL
  SELECT 'customers', count(*)
  FROM facts.customers
  UNION ALL
  SELECT 'products', count(*)
  FROM facts.products
  UNION ALL
  SELECT 'campaigns', count(*)
  FROM facts.campaigns
)
SELECT kind, facts, without_customer, not_counted, after_as_of, first_on, last_on
FROM dated
UNION ALL
SELECT kind, facts, 0, 0, 0, NULL, NULL
FROM undated
ORDER BY kind

-- How many facts, up to the as-of day, do not say what matters: whose they are, of which product, from where.
-- grain:  kind, item
-- reads:  orders_told, facts.order_rows, facts.terms, facts.orders, facts.order_lines, facts.settled_refunds, facts.interactions,
--         facts.responses, profiles, bounds
-- gives:  kind VARCHAR, item VARCHAR, facts BIGINT, unknown BIGINT
WITH told AS (
  SELECT CAST(COALESCE(sum(o.orders), 0) AS BIGINT) AS facts, CAST(COALESCE(sum(CASE WHEN o.guest THEN o.orders END), 0) AS BIGINT) AS guests
  FROM orders_told AS o
  CROSS JOIN bounds AS b
  WHERE o.day <= b.as_of_day
),
placed AS (
  SELECT o.terms, count(*) AS orders
  FROM facts.order_rows AS o
  CROSS JOIN bounds AS b
  WHERE o.net >= 0 AND o.ordered_day <= b.as_of_day
  GROUP BY o.terms
),
places AS (
  SELECT CAST(COALESCE(sum(CASE WHEN t.channel IS NOT NULL THEN p.orders END), 0) AS BIGINT) AS channels,
    CAST(COALESCE(sum(CASE WHEN t.shop IS NOT NULL THEN p.orders END), 0) AS BIGINT) AS shops
  FROM placed AS p
  INNER JOIN facts.terms AS t ON p.terms = t.terms
),
items AS (
  SELECT DISTINCT hash(source, order_id) AS h
  FROM facts.order_lines
  WHERE product_id IS NOT NULL
),
itemised AS (
  SELECT count(*) AS orders
  FROM facts.orders AS o
  SEMI JOIN items AS i ON hash(o.source, o.order_id) = i.h
  CROSS JOIN bounds AS b
  WHERE o.net >= 0 AND o.ordered_day <= b.as_of_day
),
lines AS (
  SELECT count(*) AS facts, count(product_id) AS products
  FROM facts.order_lines
),
returned AS (
  SELECT count(*) AS facts, count(r.member) AS members, count(r.order_id) AS orders
  FROM facts.settled_refunds AS r
  CROSS JOIN bounds AS b
  WHERE r.refunded_day <= b.as_of_day
),
contacts AS (
  SELECT count(*) AS facts, count(i.member) AS members
  FROM facts.interactions AS i
  CROSS JOIN bounds AS b
  WHERE i.occurred_day <= b.as_of_day
),
answers AS (
  SELECT count(*) AS facts, count(r.member) AS members
  FROM facts.responses AS r
  CROSS JOIN bounds AS b
  WHERE r.occurred_day <= b.as_of_day
),
people AS (
  SELECT count(*) AS facts, count(country) AS countries, count(region) AS regions, count(gender) AS genders, count(birth_date) AS births
  FROM profiles
)
SELECT 'orders' AS kind, 'customer' AS item, facts, guests AS unknown FROM told
UNION ALL SELECT 'orders', 'product', facts, facts - orders FROM told CROSS JOIN itemised
UNION ALL SELECT 'orders', 'channel', facts, facts - channels FROM told CROSS JOIN places
UNION ALL SELECT 'orders', 'shop', facts, facts - shops FROM told CROSS JOIN places
UNION ALL SELECT 'order-lines', 'product', facts, facts - products FROM lines
UNION ALL SELECT 'refunds', 'order', facts, facts - orders FROM returned
UNION ALL SELECT 'refunds', 'customer', facts, facts - members FROM returned
UNION ALL SELECT 'interactions', 'customer', facts, facts - members FROM contacts
UNION ALL SELECT 'responses', 'customer', facts, facts - members FROM answers
UNION ALL SELECT 'customers', 'country', facts, facts - countries FROM people
UNION ALL SELECT 'customers', 'region', facts, facts - regions FROM people
UNION ALL SELECT 'customers', 'gender', facts, facts - genders FROM people
UNION ALL SELECT 'customers', 'birth_date', facts, facts - births FROM people

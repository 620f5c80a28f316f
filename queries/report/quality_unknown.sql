-- How many facts, up to the as-of day, do not say what matters: whose they are, of which product, from where.
-- grain:  kind, item
-- reads:  facts.orders, facts.placed_orders, facts.order_lines, facts.settled_refunds, facts.interactions, facts.responses, profiles, bounds
-- gives:  kind VARCHAR, item VARCHAR, facts BIGINT, unknown BIGINT
WITH told AS (
  SELECT count(*) AS facts, count(o.member) AS members, count(o.channel) AS channels, count(o.shop) AS shops
  FROM facts.placed_orders AS o
  CROSS JOIN bounds AS b
  WHERE o.net >= 0 AND o.ordered_day <= b.as_of_day
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
SELECT 'orders' AS kind, 'customer' AS item, facts, facts - members AS unknown FROM told
UNION ALL SELECT 'orders', 'product', facts, facts - orders FROM told CROSS JOIN itemised
UNION ALL SELECT 'orders', 'channel', facts, facts - channels FROM told
UNION ALL SELECT 'orders', 'shop', facts, facts - shops FROM told
UNION ALL SELECT 'order-lines', 'product', facts, facts - products FROM lines
UNION ALL SELECT 'refunds', 'order', facts, facts - orders FROM returned
UNION ALL SELECT 'refunds', 'customer', facts, facts - members FROM returned
UNION ALL SELECT 'interactions', 'customer', facts, facts - members FROM contacts
UNION ALL SELECT 'responses', 'customer', facts, facts - members FROM answers
UNION ALL SELECT 'customers', 'country', facts, facts - countries FROM people
UNION ALL SELECT 'customers', 'region', facts, facts - regions FROM people
UNION ALL SELECT 'customers', 'gender', facts, facts - genders FROM people
UNION ALL SELECT 'customers', 'birth_date', facts, facts - births FROM people

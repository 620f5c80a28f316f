-- The customer summary as of a day: one row for each customer known by then,
-- from facts dated on or before it and nothing else. purchases is the result of
-- summary/purchases; kept_orders, kept_refunds and excluded_people say what rules of
-- the configuration leave out. Portable: no division, no date functions, no row order.
-- Money becomes a float here, where its sums are final.
-- grain:  customer_id
-- reads:  purchases, kept_orders, kept_refunds, facts.interactions, facts.responses, facts.customers, identities, excluded_people, bounds
-- gives:  customer_id VARCHAR, person BIGINT, orders BIGINT, purchase_days BIGINT, first_day INTEGER, last_day INTEGER,
--         previous_day INTEGER, x BIGINT, t_x BIGINT, "T" BIGINT, recency_days BIGINT, longest_gap BIGINT, gap_squares BIGINT, gap_logs BIGINT,
--         net_sales DOUBLE, refunds DOUBLE, net_revenue DOUBLE, repeat_spend DOUBLE,
--         orders_30 BIGINT, orders_60 BIGINT, orders_90 BIGINT, orders_365 BIGINT, spend_30 DOUBLE, spend_90 DOUBLE, spend_365 DOUBLE,
--         interactions_30 BIGINT, interactions_90 BIGINT, interactions_365 BIGINT,
--         responses_30 BIGINT, responses_90 BIGINT, responses_365 BIGINT
WITH returned AS (
  SELECT i.person, sum(r.amount) AS amount
  FROM kept_refunds AS r
  INNER JOIN identities AS i ON r.member = i.member
  CROSS JOIN bounds AS b
  WHERE r.counted = true AND r.refunded_day <= b.as_of_day
  GROUP BY i.person
),
contacted AS (
  SELECT i.person,
    sum(CASE WHEN n.occurred_day > b.day_30 THEN 1 ELSE 0 END) AS n_30,
    sum(CASE WHEN n.occurred_day > b.day_90 THEN 1 ELSE 0 END) AS n_90,
    sum(CASE WHEN n.occurred_day > b.day_365 THEN 1 ELSE 0 END) AS n_365
  FROM facts.interactions AS n
  INNER JOIN identities AS i ON n.member = i.member
  CROSS JOIN bounds AS b
  WHERE n.occurred_day <= b.as_of_day
  GROUP BY i.person
),
answered AS (
  SELECT i.person,
    sum(CASE WHEN r.occurred_day > b.day_30 THEN 1 ELSE 0 END) AS n_30,
    sum(CASE WHEN r.occurred_day > b.day_90 THEN 1 ELSE 0 END) AS n_90,
    sum(CASE WHEN r.occurred_day > b.day_365 THEN 1 ELSE 0 END) AS n_365
  FROM facts.responses AS r
  INNER JOIN identities AS i ON r.member = i.member
  CROSS JOIN bounds AS b
  WHERE r.occurred_day <= b.as_of_day
  GROUP BY i.person
),
seen AS (
  SELECT person FROM purchases
  UNION ALL SELECT person FROM returned
  UNION ALL SELECT person FROM contacted
  UNION ALL SELECT person FROM answered
  UNION ALL
  SELECT i.person FROM kept_orders AS o
  INNER JOIN identities AS i ON o.member = i.member
  CROSS JOIN bounds AS b
  WHERE (o.counted = false OR o.net < b.smallest_net) AND o.ordered_day <= b.as_of_day
  UNION ALL
  SELECT i.person FROM facts.customers AS c
  INNER JOIN identities AS i ON c.member = i.member
  CROSS JOIN bounds AS b
  WHERE COALESCE(c.acquired_on, CAST(c.updated_at AS DATE), b.as_of) <= b.as_of
),
known AS (
  SELECT s.person FROM seen AS s
  LEFT JOIN excluded_people AS x ON s.person = x.person
  WHERE x.person IS NULL
  GROUP BY s.person
),
people AS (
  SELECT k.person, i.customer_id
  FROM known AS k
  INNER JOIN identities AS i ON k.person = i.member
)
SELECT p.customer_id, p.person,
  CAST(u.orders AS BIGINT) AS orders, u.purchase_days, u.first_day, u.last_day, u.previous_day,
  u.purchase_days - 1 AS x,
  CAST(u.last_day - u.first_day AS BIGINT) AS t_x,
  CAST(b.as_of_day - u.first_day AS BIGINT) AS "T",
  CAST(b.as_of_day - u.last_day AS BIGINT) AS recency_days,
  CAST(u.longest_gap AS BIGINT) AS longest_gap,
  CAST(u.gap_squares AS BIGINT) AS gap_squares,
  CAST(u.gap_logs AS BIGINT) AS gap_logs,
  CAST(u.net AS DOUBLE) AS net_sales,
  CAST(CASE WHEN u.person IS NULL THEN NULL ELSE COALESCE(r.amount, 0) END AS DOUBLE) AS refunds,
  CAST(u.net - COALESCE(r.amount, 0) AS DOUBLE) AS net_revenue,
  CAST(u.repeat_net AS DOUBLE) AS repeat_spend,
  CAST(u.orders_30 AS BIGINT) AS orders_30, CAST(u.orders_60 AS BIGINT) AS orders_60, CAST(u.orders_90 AS BIGINT) AS orders_90, CAST(u.orders_365 AS BIGINT) AS orders_365,
  CAST(u.net_30 AS DOUBLE) AS spend_30, CAST(u.net_90 AS DOUBLE) AS spend_90, CAST(u.net_365 AS DOUBLE) AS spend_365,
  CAST(COALESCE(c.n_30, 0) AS BIGINT) AS interactions_30,
  CAST(COALESCE(c.n_90, 0) AS BIGINT) AS interactions_90,
  CAST(COALESCE(c.n_365, 0) AS BIGINT) AS interactions_365,
  CAST(COALESCE(a.n_30, 0) AS BIGINT) AS responses_30,
  CAST(COALESCE(a.n_90, 0) AS BIGINT) AS responses_90,
  CAST(COALESCE(a.n_365, 0) AS BIGINT) AS responses_365
FROM people AS p
CROSS JOIN bounds AS b
LEFT JOIN purchases AS u ON p.person = u.person
LEFT JOIN returned AS r ON p.person = r.person
LEFT JOIN contacted AS c ON p.person = c.person
LEFT JOIN answered AS a ON p.person = a.person

-- Rules of exclude that leave the customer out of scoring, or some orders: how many and their net amount, up to the last day that has facts.
-- grain:  rule
-- reads:  exclusions, excluded_people, excluded_orders, facts.orders, identities
-- gives:  rule VARCHAR, kind VARCHAR, orders BIGINT, net DECIMAL(18,4)
WITH left_out AS (
  SELECT e.position, e.rule, e.kind, NULL AS net
  FROM exclusions AS e JOIN excluded_people AS x ON e.rule = x.rule JOIN identities AS i ON x.person = i.member
  WHERE i.customer_id = $customer
  UNION ALL
  SELECT e.position, e.rule, e.kind, o.net
  FROM exclusions AS e JOIN excluded_orders AS x ON e.rule = x.rule
    JOIN facts.orders AS o ON x.source = o.source AND x.order_id = o.order_id JOIN identities AS i ON o.member = i.member
  WHERE i.customer_id = $customer AND o.net >= 0
)
SELECT rule, kind, CASE kind WHEN 'orders' THEN count(net) END AS orders, CAST(sum(net) AS DECIMAL(18,4)) AS net
FROM left_out
GROUP BY position, rule, kind
ORDER BY position

-- What each rule of who counts leaves out of scoring, up to the as-of day: customers (of a rule on orders, those who placed
-- them), their orders, and the net amount of those that would count. A rule that matches nothing is listed too.
-- grain:  rule
-- reads:  exclusions, excluded_orders, excluded_people, facts.orders, identities, bounds
-- gives:  rule VARCHAR, kind VARCHAR, customers BIGINT, orders BIGINT, net DECIMAL(18,4)
WITH placed AS (
  SELECT x.rule, i.person, o.counted, o.net
  FROM excluded_orders AS x
  INNER JOIN facts.orders AS o ON x.source = o.source AND x.order_id = o.order_id
  LEFT JOIN identities AS i ON o.member = i.member
  WHERE o.net >= 0
  UNION ALL
  SELECT x.rule, x.person, o.counted, o.net
  FROM excluded_people AS x
  INNER JOIN identities AS i ON x.person = i.person
  INNER JOIN facts.orders AS o ON i.member = o.member
  CROSS JOIN bounds AS b
  WHERE o.net >= 0 AND o.ordered_day <= b.as_of_day
  UNION ALL
  SELECT rule, person, NULL, NULL FROM excluded_people
)
SELECT
  e.rule,
  e.kind,
  count(DISTINCT p.person) AS customers,
  count(p.net) AS orders,
  CAST(COALESCE(sum(CASE WHEN p.counted THEN p.net END), 0) AS DECIMAL(18,4)) AS net
FROM exclusions AS e
LEFT JOIN placed AS p ON e.rule = p.rule
GROUP BY e.position, e.rule, e.kind
ORDER BY e.position

-- Orders that no rule leaves out, by themselves or with their customer. Portable.
-- grain:  source, order_id
-- reads:  facts.orders, excluded_orders, excluded_people, identities
-- gives:  source VARCHAR, order_id VARCHAR, member BIGINT, ordered_on DATE, ordered_day INTEGER, counted BOOLEAN, net DECIMAL(18,4), cost DECIMAL(18,4)
SELECT o.source, o.order_id, o.member, o.ordered_on, o.ordered_day, o.counted, o.net, o.cost
FROM facts.orders AS o
LEFT JOIN excluded_orders AS x ON o.source = x.source AND o.order_id = x.order_id
LEFT JOIN (
  SELECT i.member FROM identities AS i INNER JOIN excluded_people AS p ON i.person = p.person
) AS m ON o.member = m.member
WHERE x.order_id IS NULL AND m.member IS NULL

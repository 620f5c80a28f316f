-- Members who are known by the as-of day although nothing is that counts: of orders that
-- do not count, and of files of customers. A member may stand there many times. Portable.
-- reads:  kept_order_rows, facts.customers, bounds
-- gives:  member BIGINT
SELECT o.member
FROM kept_order_rows AS o
CROSS JOIN bounds AS b
WHERE (o.counted = false OR o.net < b.smallest_net) AND o.ordered_day <= b.as_of_day AND o.member IS NOT NULL
UNION ALL
SELECT c.member
FROM facts.customers AS c
CROSS JOIN bounds AS b
WHERE COALESCE(c.acquired_on, CAST(c.updated_at AS DATE), b.as_of) <= b.as_of

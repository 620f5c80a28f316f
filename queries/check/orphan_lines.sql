-- Order lines of a source that has orders, and not theirs: they belong to nobody until their order is loaded.
-- severity: warning
-- grain:  source, order_id
-- reads:  facts.orders, facts.order_lines
-- gives:  source VARCHAR, order_id VARCHAR, lines BIGINT, net DECIMAL(38,4)
SELECT l.source, l.order_id, count(*) AS lines, sum(l.net) AS net
FROM facts.order_lines AS l
ANTI JOIN facts.orders AS o ON hash(l.source, l.order_id) = hash(o.source, o.order_id)
WHERE l.source IN (SELECT source FROM facts.orders)
GROUP BY l.source, l.order_id
ORDER BY l.source, l.order_id

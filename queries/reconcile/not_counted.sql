-- Orders that are kept and never count, by what their status says.
-- grain:  source, status
-- reads:  orders
-- gives:  source VARCHAR, status VARCHAR, orders BIGINT, net DECIMAL(38,4)
SELECT source, COALESCE(status, '') AS status, count(*) AS orders, sum(net) AS net
FROM orders
WHERE NOT counted AND ($source = '' OR source = $source)
GROUP BY source, COALESCE(status, '')
ORDER BY source, status

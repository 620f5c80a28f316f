-- Order lines that stand more than once.
-- severity: error
-- grain:  source, order_id, line
-- reads:  order_lines
-- gives:  source VARCHAR, order_id VARCHAR, line BIGINT, versions BIGINT
SELECT source, order_id, CAST(line AS BIGINT) AS line, count(*) AS versions
FROM order_lines
GROUP BY source, order_id, line
HAVING count(*) > 1
ORDER BY source, order_id, line

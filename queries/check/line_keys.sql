-- Order lines that stand more than once. Hashes find which may, and only those are compared as they are written.
-- severity: error
-- grain:  source, order_id, line
-- reads:  facts.order_lines
-- gives:  source VARCHAR, order_id VARCHAR, line BIGINT, versions BIGINT
WITH alike AS (
  SELECT hash(source, order_id, line) AS h
  FROM facts.order_lines
  GROUP BY h
  HAVING count(*) > 1
)
SELECT l.source, l.order_id, CAST(l.line AS BIGINT) AS line, count(*) AS versions
FROM facts.order_lines AS l
SEMI JOIN alike AS a ON hash(l.source, l.order_id, l.line) = a.h
GROUP BY l.source, l.order_id, l.line
HAVING count(*) > 1
ORDER BY l.source, l.order_id, l.line

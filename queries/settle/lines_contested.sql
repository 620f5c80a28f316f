-- Orders whose lines have to be settled: those whose versions were, and those with
-- lines of the new batches beside others.
CREATE OR REPLACE TEMP TABLE contested_orders AS
WITH new_sets AS (
  SELECT DISTINCT source, order_id, told_by FROM facts.order_lines WHERE batch_id >= $first
),
others AS (
  SELECT n.source, n.order_id AS id FROM new_sets AS n JOIN facts.order_lines AS l ON l.source = n.source AND l.order_id = n.order_id
  WHERE l.batch_id < $first OR l.told_by <> n.told_by
  UNION
  SELECT source, order_id FROM (SELECT DISTINCT source, order_id, told_by, version, batch_id FROM facts.order_lines WHERE batch_id >= $first) GROUP BY source, order_id HAVING count(*) > 1
)
SELECT source, id FROM changed_orders UNION SELECT source, id FROM others;

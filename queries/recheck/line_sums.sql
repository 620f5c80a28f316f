-- Whether the lines of one of the orders that loading may have changed may not add up to the order: their sum is another than its
-- net. The check itself knows of list prices, discounts and the like.
-- reads:  facts.order_lines, touched_ids, touched_rows, batches
-- gives:  wrong BOOLEAN
WITH sums AS (
  SELECT l.source, l.order_id, sum(l.net) AS lines, count(*) AS n
  FROM facts.order_lines AS l SEMI JOIN touched_ids AS t ON l.order_id = t.id
  GROUP BY l.source, l.order_id HAVING count(*) = count(l.net)
)
SELECT EXISTS (
  SELECT 1 FROM touched_rows AS r JOIN batches AS b ON r.batch_id = b.batch_id JOIN sums AS s ON b.source = s.source AND r.order_id = s.order_id
  WHERE r.net >= 0 AND abs(r.net - s.lines) > 0.01 * s.n
) AS wrong

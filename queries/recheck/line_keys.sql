-- Whether a line of one of the orders that loading may have changed stands more than once.
-- reads:  facts.order_lines, touched_ids
-- gives:  wrong BOOLEAN
SELECT EXISTS (
  SELECT 1 FROM facts.order_lines AS l SEMI JOIN touched_ids AS t ON l.order_id = t.id
  GROUP BY l.source, l.order_id, l.line HAVING count(*) > 1
) AS wrong

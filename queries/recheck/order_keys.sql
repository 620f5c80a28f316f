-- Whether one of the orders that loading may have changed stands more than once.
-- reads:  touched_rows, batches
-- gives:  wrong BOOLEAN
SELECT EXISTS (
  SELECT 1 FROM touched_rows AS r JOIN batches AS b ON r.batch_id = b.batch_id
  WHERE r.net >= 0 GROUP BY b.source, r.order_id HAVING count(*) > 1
) AS wrong

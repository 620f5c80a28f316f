-- Whether one of the orders that loading may have changed has lines and is not there, in a source that has orders; or the first
-- orders of a source have come, and with them what its lines have waited for.
-- reads:  facts.order_lines, touched_ids, touched_rows, batches
-- gives:  wrong BOOLEAN
SELECT EXISTS (
    SELECT 1 FROM facts.order_lines AS l SEMI JOIN touched_ids AS t ON l.order_id = t.id
    WHERE l.source IN (SELECT source FROM batches WHERE kind = 'orders')
      AND NOT EXISTS (SELECT 1 FROM touched_rows AS r JOIN batches AS b ON r.batch_id = b.batch_id WHERE b.source = l.source AND r.order_id = l.order_id)
  )
  OR EXISTS (
    SELECT 1 FROM batches AS n
    WHERE n.batch_id >= $first AND n.kind = 'orders' AND n.state = 'loaded' AND EXISTS (SELECT 1 FROM facts.order_lines AS l WHERE l.source = n.source)
      AND NOT EXISTS (SELECT 1 FROM batches AS o WHERE o.batch_id < $first AND o.kind = 'orders' AND o.state = 'loaded' AND o.source = n.source AND o.accepted > 0)
  ) AS wrong

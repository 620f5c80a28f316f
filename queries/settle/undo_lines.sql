-- Lines of copied orders and copied sets of lines become rows again.
INSERT INTO facts.order_lines
SELECT * FROM facts.superseded_order_lines WHERE (source, order_id) IN (SELECT (source, id) FROM contested_orders);

DELETE FROM facts.superseded_order_lines WHERE (source, order_id) IN (SELECT (source, id) FROM contested_orders);

INSERT INTO facts.order_lines
WITH one AS (
  SELECT source, order_id, told_by, version, min(batch_id) AS batch_id FROM facts.order_lines
  WHERE (source, order_id) IN (SELECT (source, id) FROM contested_orders) GROUP BY ALL
)
SELECT l.* REPLACE (r.batch_id AS batch_id, CAST(string_split(r.file_lines, ' ')[l.line] AS BIGINT) AS file_line)
FROM facts.repeats AS r JOIN contested_orders AS c ON r.source = c.source AND r.id = c.id
  JOIN one AS o ON r.source = o.source AND r.id = o.order_id AND r.content = o.version AND o.told_by = CASE WHEN r.kind = 'orders' THEN 'order' ELSE 'lines' END
  JOIN facts.order_lines AS l ON l.source = o.source AND l.order_id = o.order_id AND l.told_by = o.told_by AND l.version = o.version AND l.batch_id = o.batch_id
WHERE r.kind IN ('orders', 'order-lines') AND r.file_lines IS NOT NULL;

DELETE FROM facts.order_lines WHERE batch_id = $batch;

DELETE FROM facts.repeats AS r USING contested_orders AS c WHERE r.kind = 'order-lines' AND r.source = c.source AND r.id = c.id;

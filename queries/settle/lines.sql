-- The lines of orders that have several versions, or lines from several files: the
-- newest set of lines counts, whether it came with its order or in an order-lines
-- file; lines of an older version of their order only where there are no others.
-- contested_orders are the orders in question; their versions are settled.
INSERT INTO facts.order_lines
SELECT * FROM facts.superseded_order_lines WHERE (source, order_id) IN (SELECT (source, id) FROM contested_orders);

DELETE FROM facts.superseded_order_lines WHERE (source, order_id) IN (SELECT (source, id) FROM contested_orders);

CREATE OR REPLACE TEMP TABLE line_sets AS
WITH sets AS (
  SELECT l.source, l.order_id, l.told_by, l.version, l.batch_id, max(l.updated_at) AS updated_at, min(l.file_line) AS line, count(*) AS "rows",
    string_agg(CAST(l.file_line AS VARCHAR), ' ' ORDER BY l.line) AS file_lines
  FROM facts.order_lines AS l JOIN contested_orders AS c ON l.source = c.source AND l.order_id = c.id
  GROUP BY l.source, l.order_id, l.told_by, l.version, l.batch_id
),
said AS (
  SELECT s.*, coalesce(s.updated_at, b.loaded_at) AS said_at, s.updated_at IS NULL AS undated,
    CASE WHEN s.updated_at IS NULL THEN s.batch_id ELSE 0 END AS nth
  FROM sets AS s JOIN batches AS b ON s.batch_id = b.batch_id
),
told AS (
  SELECT s.*,
    told_by = 'lines' AND version IS NOT DISTINCT FROM lag(version) OVER (PARTITION BY s.source, s.order_id, told_by ORDER BY said_at, undated, nth, version, s.batch_id) AS copy,
    EXISTS (SELECT 1 FROM facts.orders AS o WHERE o.source = s.source AND o.order_id = s.order_id AND o.content = s.version AND o.batch_id = s.batch_id) AS of_current
  FROM said AS s
)
SELECT *, NOT copy
  AND row_number() OVER (PARTITION BY source, order_id, copy ORDER BY told_by = 'order' AND NOT of_current, said_at DESC, undated DESC, nth DESC, told_by, version DESC, batch_id DESC) = 1 AS current
FROM told;

INSERT INTO facts.repeats
SELECT 'order-lines', source, order_id, version, batch_id, line, "rows", file_lines FROM line_sets WHERE copy;

INSERT INTO facts.superseded_order_lines
SELECT l.* FROM facts.order_lines AS l JOIN line_sets AS s
  ON l.source = s.source AND l.order_id = s.order_id AND l.told_by = s.told_by AND l.version = s.version AND l.batch_id = s.batch_id
WHERE NOT s.current AND NOT s.copy;

DELETE FROM facts.order_lines AS l USING line_sets AS s
WHERE l.source = s.source AND l.order_id = s.order_id AND l.told_by = s.told_by AND l.version = s.version AND l.batch_id = s.batch_id AND NOT s.current;

-- A file of order lines only. An order's lines are one version: other lines
-- under a known order replace those that are there; equal ones are duplicates.
CREATE OR REPLACE TEMP TABLE stage_lines AS
SELECT line, id AS order_id, content,
  CAST(row_number() OVER (PARTITION BY id ORDER BY line_number, line) AS INTEGER) AS number,
  coalesce(product_id, product_name) AS product_id, product_name, category, brand, quantity, unit_price, line_discount AS discount,
  coalesce(line_net, TRY_CAST(CAST(quantity AS DECIMAL(38,4)) * unit_price - coalesce(line_discount, 0) AS DECIMAL(18,4))) AS net, line_cost AS cost
FROM stage;

CREATE OR REPLACE TEMP TABLE aside AS
WITH incoming_sets AS (
  SELECT order_id, count(*) AS rows, CAST(sum(CAST(content AS HUGEINT)) AS VARCHAR) AS content FROM stage_lines GROUP BY order_id
),
stored_sets AS (
  SELECT order_id, count(*) AS rows, CAST(sum(CAST(content AS HUGEINT)) AS VARCHAR) AS content FROM facts.order_lines
  WHERE source = $source AND order_id IN (SELECT order_id FROM stage_lines) GROUP BY order_id
)
SELECT i.order_id AS id, CASE WHEN i.rows = s.rows AND i.content = s.content THEN 'duplicate' ELSE 'replaces' END AS outcome
FROM incoming_sets AS i JOIN stored_sets AS s ON i.order_id = s.order_id;

INSERT INTO facts.superseded_order_lines
SELECT l.*, $batch FROM facts.order_lines AS l
WHERE l.source = $source AND l.order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

DELETE FROM facts.order_lines WHERE source = $source AND order_id IN (SELECT id FROM aside WHERE outcome = 'replaces');

INSERT INTO facts.order_lines
SELECT $source, order_id, number, product_id, quantity, unit_price, discount, net, cost, content, $batch, line
FROM stage_lines
WHERE order_id NOT IN (SELECT id FROM aside WHERE outcome = 'duplicate');

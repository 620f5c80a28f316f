-- A file of order lines only. An order's lines are one version.
INSERT INTO facts.order_lines
WITH sets AS (
  SELECT id, CAST(sum(CAST(content AS HUGEINT)) % 9223372036854775807 AS BIGINT) AS content, max(updated_at) AS updated_at
  FROM stage GROUP BY id
)
SELECT $source, s.id, CAST(row_number() OVER (PARTITION BY s.id ORDER BY s.line_number, s.line) AS INTEGER),
  s.product_id, s.article, s.quantity, s.unit_price, s.line_discount,
  coalesce(s.line_net, TRY_CAST(CAST(s.quantity AS DECIMAL(38,4)) * s.unit_price - coalesce(s.line_discount, 0) AS DECIMAL(18,4))),
  s.line_cost, CASE WHEN s.currency IS NOT NULL THEN 1 END, 'lines', v.content, v.updated_at, $batch, s.line
FROM stage AS s JOIN sets AS v ON s.id = v.id;

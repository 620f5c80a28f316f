-- The rows of an order-lines file with every canonical column.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS VARCHAR) AS id,
  CAST(NULL AS BIGINT) AS line_number, CAST(NULL AS VARCHAR) AS product_id, CAST(NULL AS VARCHAR) AS product_name,
  CAST(NULL AS VARCHAR) AS category, CAST(NULL AS VARCHAR) AS brand,
  CAST(NULL AS DECIMAL(18,4)) AS quantity, CAST(NULL AS DECIMAL(18,4)) AS unit_price,
  CAST(NULL AS DECIMAL(18,4)) AS line_discount, CAST(NULL AS DECIMAL(18,4)) AS line_net, CAST(NULL AS DECIMAL(18,4)) AS line_cost
WHERE false
UNION ALL BY NAME
SELECT * FROM stage_rows;

-- The rows of an order-lines file with every canonical column.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS VARCHAR) AS id,
  CAST(NULL AS BIGINT) AS line_number, CAST(NULL AS VARCHAR) AS product_id, CAST(NULL AS BIGINT) AS article,
  CAST(NULL AS VARCHAR) AS currency, CAST(NULL AS VARCHAR) AS rate, CAST(NULL AS TIMESTAMPTZ) AS updated_at,
  CAST(NULL AS DECIMAL(18,4)) AS quantity, CAST(NULL AS DECIMAL(18,4)) AS unit_price,
  CAST(NULL AS DECIMAL(18,4)) AS line_discount, CAST(NULL AS DECIMAL(18,4)) AS line_net, CAST(NULL AS DECIMAL(18,4)) AS line_cost
WHERE false
UNION ALL BY NAME
SELECT * FROM identified;

-- The rows of a refunds file with every canonical column.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS VARCHAR) AS id,
  CAST(NULL AS VARCHAR) AS customer_key, CAST(NULL AS VARCHAR) AS customer_via, CAST(NULL AS VARCHAR) AS order_id,
  CAST(NULL AS TIMESTAMPTZ) AS refunded_at, CAST(NULL AS DATE) AS refunded_on, CAST(NULL AS DECIMAL(18,4)) AS amount,
  CAST(NULL AS VARCHAR) AS currency, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS TIMESTAMPTZ) AS updated_at
WHERE false
UNION ALL BY NAME
SELECT * FROM stage_rows;

-- The rows of a responses file with every canonical column.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS VARCHAR) AS id,
  CAST(NULL AS VARCHAR) AS customer_key, CAST(NULL AS VARCHAR) AS customer_via, CAST(NULL AS VARCHAR) AS campaign_id,
  CAST(NULL AS TIMESTAMPTZ) AS occurred_at, CAST(NULL AS DATE) AS occurred_on,
  CAST(NULL AS VARCHAR) AS event, CAST(NULL AS VARCHAR) AS arm, CAST(NULL AS DECIMAL(18,4)) AS value,
  CAST(NULL AS BOOLEAN) AS machine, CAST(NULL AS TIMESTAMPTZ) AS updated_at
WHERE false
UNION ALL BY NAME
SELECT * FROM stage_rows;

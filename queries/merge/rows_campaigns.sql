-- The rows of a campaigns file with every canonical column.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS VARCHAR) AS id,
  CAST(NULL AS VARCHAR) AS name, CAST(NULL AS VARCHAR) AS channel, CAST(NULL AS DATE) AS started_on, CAST(NULL AS DATE) AS ended_on,
  CAST(NULL AS DECIMAL(18,4)) AS cost, CAST(NULL AS VARCHAR) AS objective, CAST(NULL AS TIMESTAMPTZ) AS updated_at
WHERE false
UNION ALL BY NAME
SELECT * FROM stage_rows;

-- An orders file with one row per order: each row is one, and has no lines.
CREATE OR REPLACE TEMP TABLE stage_lines AS
SELECT CAST(NULL AS BIGINT) AS line, CAST(NULL AS VARCHAR) AS order_id, CAST(NULL AS BIGINT) AS content, CAST(NULL AS INTEGER) AS number,
  CAST(NULL AS VARCHAR) AS product_id, CAST(NULL AS VARCHAR) AS product_name, CAST(NULL AS VARCHAR) AS category, CAST(NULL AS VARCHAR) AS brand,
  CAST(NULL AS DECIMAL(18,4)) AS quantity, CAST(NULL AS DECIMAL(18,4)) AS unit_price, CAST(NULL AS DECIMAL(18,4)) AS discount,
  CAST(NULL AS DECIMAL(18,4)) AS net, CAST(NULL AS DECIMAL(18,4)) AS cost
WHERE false;

CREATE OR REPLACE TEMP TABLE repeats AS SELECT id FROM stage WHERE $own_ids GROUP BY id HAVING count(*) > 1;

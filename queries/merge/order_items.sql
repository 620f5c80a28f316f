-- Orders that carry their lines in one cell, as the reader wrote it: lines are
-- separated by character 30, their fields (product, article, quantity, price, net)
-- by character 31.
CREATE OR REPLACE TEMP TABLE stage_lines AS
WITH cut AS (
  SELECT line, id AS order_id, content, unnest(string_split(items, chr(30))) AS item, generate_subscripts(string_split(items, chr(30)), 1) AS number
  FROM stage WHERE items IS NOT NULL
),
fields AS (SELECT line, order_id, content, number, string_split(item, chr(31)) AS f FROM cut)
SELECT line, order_id, content, CAST(number AS INTEGER) AS number,
  nullif(f[1], '') AS product_id, CAST(nullif(f[2], '') AS BIGINT) AS article,
  CAST(nullif(f[3], '') AS DECIMAL(18,4)) AS quantity, CAST(nullif(f[4], '') AS DECIMAL(18,4)) AS unit_price,
  CAST(NULL AS DECIMAL(18,4)) AS discount,
  coalesce(CAST(nullif(f[5], '') AS DECIMAL(18,4)),
    TRY_CAST(CAST(nullif(f[3], '') AS DECIMAL(38,4)) * CAST(nullif(f[4], '') AS DECIMAL(18,4)) AS DECIMAL(18,4))) AS net,
  CAST(NULL AS DECIMAL(18,4)) AS cost
FROM fields;

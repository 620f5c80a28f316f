-- The rows of an orders file with every canonical column, those that the file
-- lacks being NULL. terms stands for shop to campaign_id, unless the rows of the file
-- may be lines, which are put together column by column. identified is what the reader delivered, its id renamed.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS batch, CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS VARCHAR) AS id,
  CAST(NULL AS BIGINT) AS member, CAST(NULL AS BIGINT) AS card, CAST(NULL AS VARCHAR) AS rate,
  CAST(NULL AS TIMESTAMPTZ) AS ordered_at, CAST(NULL AS DATE) AS ordered_on,
  CAST(NULL AS VARCHAR) AS status, CAST(NULL AS BIGINT) AS terms, CAST(NULL AS VARCHAR) AS shop, CAST(NULL AS VARCHAR) AS channel,
  CAST(NULL AS VARCHAR) AS currency, CAST(NULL AS VARCHAR) AS coupon, CAST(NULL AS VARCHAR) AS campaign_id,
  CAST(NULL AS DECIMAL(18,4)) AS gross, CAST(NULL AS DECIMAL(18,4)) AS discount, CAST(NULL AS DECIMAL(18,4)) AS shipping,
  CAST(NULL AS DECIMAL(18,4)) AS tax, CAST(NULL AS DECIMAL(18,4)) AS net, CAST(NULL AS DECIMAL(18,4)) AS cost,
  CAST(NULL AS TIMESTAMPTZ) AS updated_at, CAST(NULL AS DATE) AS updated_on,
  CAST(NULL AS TIMESTAMPTZ) AS cancelled_at, CAST(NULL AS DATE) AS cancelled_on,
  CAST(NULL AS DECIMAL(18,4)) AS refunded, CAST(NULL AS TIMESTAMPTZ) AS refunded_at, CAST(NULL AS DATE) AS refunded_on,
  CAST(NULL AS VARCHAR) AS items,
  CAST(NULL AS BIGINT) AS line_number, CAST(NULL AS VARCHAR) AS product_id, CAST(NULL AS BIGINT) AS article,
  CAST(NULL AS DECIMAL(18,4)) AS quantity, CAST(NULL AS DECIMAL(18,4)) AS unit_price,
  CAST(NULL AS DECIMAL(18,4)) AS line_discount, CAST(NULL AS DECIMAL(18,4)) AS line_net, CAST(NULL AS DECIMAL(18,4)) AS line_cost
WHERE false
UNION ALL BY NAME
SELECT * FROM identified;

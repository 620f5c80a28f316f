-- The rows of a customers file with every canonical column; the id is the customer's member.
CREATE OR REPLACE TEMP VIEW stage AS
SELECT CAST(NULL AS BIGINT) AS batch, CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS content, CAST(NULL AS BIGINT) AS member,
  CAST(NULL AS VARCHAR) AS name, CAST(NULL AS VARCHAR) AS email, CAST(NULL AS VARCHAR) AS phone, CAST(NULL AS VARCHAR) AS address, CAST(NULL AS VARCHAR) AS member_id,
  CAST(NULL AS VARCHAR) AS gender, CAST(NULL AS DATE) AS birth_date,
  CAST(NULL AS VARCHAR) AS country, CAST(NULL AS VARCHAR) AS region, CAST(NULL AS VARCHAR) AS city, CAST(NULL AS VARCHAR) AS postcode,
  CAST(NULL AS DATE) AS acquired_on, CAST(NULL AS VARCHAR) AS acquired_channel, CAST(NULL AS VARCHAR) AS referrer_id,
  CAST(NULL AS BOOLEAN) AS email_consent, CAST(NULL AS BOOLEAN) AS sms_consent,
  CAST(NULL AS VARCHAR) AS tags, CAST(NULL AS VARCHAR) AS attributes, CAST(NULL AS TIMESTAMPTZ) AS updated_at
WHERE false
UNION ALL BY NAME
SELECT * FROM identified;

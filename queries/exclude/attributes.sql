-- Customers by an attribute as of the day. $pointer is the JSON pointer of one that the configuration maps to attribute.NAME.
-- grain:  person
-- reads:  customers_as_of, identities, bounds
-- gives:  person BIGINT, value VARCHAR
WITH told AS (
  SELECT customer_id, CASE CAST($column AS VARCHAR)
    WHEN 'gender' THEN gender WHEN 'country' THEN country WHEN 'region' THEN region WHEN 'city' THEN city WHEN 'postcode' THEN postcode
    WHEN 'acquired_channel' THEN acquired_channel WHEN 'tags' THEN tags
    ELSE json_extract_string(attributes, CAST($pointer AS VARCHAR)) END AS value
  FROM customers_as_of((SELECT as_of FROM bounds))
)
SELECT DISTINCT i.person, t.value
FROM told AS t
INNER JOIN identities AS i ON t.customer_id = i.customer_id
WHERE t.value IS NOT NULL
ORDER BY i.person

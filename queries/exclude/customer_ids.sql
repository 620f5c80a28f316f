-- Customers by each of their ids, today's and those of their sources (space:id outside of the shared space), that may match.
-- grain:  person, value
-- reads:  identities, words
-- gives:  person BIGINT, value VARCHAR
WITH ids AS (
  SELECT person, customer_id AS value FROM identities
  UNION
  SELECT person, CASE WHEN id_space = '' THEN source_customer_id ELSE id_space || ':' || source_customer_id END
  FROM identities
  WHERE id_space NOT IN ('email', 'phone')
)
SELECT person, value
FROM ids
WHERE regexp_matches(lower(value), CAST($pattern AS VARCHAR)) OR strlen(value) <> length(value) OR lower(value) IN (SELECT word FROM words)
ORDER BY person, value

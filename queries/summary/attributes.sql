-- What was known of customers by the as-of day, for models that tell them apart.
-- grain:  person
-- reads:  customers_as_of, identities, bounds
-- gives:  person BIGINT, gender VARCHAR, country VARCHAR, region VARCHAR, city VARCHAR, acquired_channel VARCHAR, age_days INTEGER
SELECT i.person, c.gender, c.country, c.region, c.city, c.acquired_channel,
  CAST(b.as_of - c.birth_date AS INTEGER) AS age_days
FROM customers_as_of((SELECT as_of FROM bounds)) AS c
INNER JOIN identities AS i ON c.customer_id = i.customer_id
CROSS JOIN bounds AS b
WHERE i.member = i.person

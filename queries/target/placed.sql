-- Those who may be contacted, by their ranking: of several with one address the
-- best ranked one has place 1.
-- grain:  person
-- reads:  target_judged
-- gives:  person BIGINT, customer_id VARCHAR, contact VARCHAR, value DOUBLE, worth DOUBLE, stratum VARCHAR, place BIGINT, best VARCHAR
SELECT person, customer_id, contact, value, worth, stratum,
  row_number() OVER same AS place, first_value(customer_id) OVER same AS best
FROM target_judged
WHERE step IS NULL
WINDOW same AS (PARTITION BY contact ORDER BY worth DESC NULLS LAST, customer_id)

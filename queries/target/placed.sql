-- Those who may be contacted, by their ranking: of several with one address the
-- best ranked one has place 1.
-- grain:  person
-- reads:  target_judged
-- gives:  person BIGINT, customer_id VARCHAR, contact VARCHAR, value DOUBLE, worth DOUBLE, stratum VARCHAR, place BIGINT, best VARCHAR
WITH shared AS (
  SELECT contact FROM target_judged WHERE step IS NULL GROUP BY contact HAVING count(*) > 1
),
numbered AS (
  SELECT j.person, row_number() OVER same AS place, first_value(j.customer_id) OVER same AS best
  FROM target_judged AS j SEMI JOIN shared AS s ON j.contact = s.contact
  WHERE j.step IS NULL
  WINDOW same AS (PARTITION BY j.contact ORDER BY j.worth DESC NULLS LAST, j.customer_id)
)
SELECT j.person, j.customer_id, j.contact, j.value, j.worth, j.stratum, coalesce(n.place, 1) AS place, n.best
FROM target_judged AS j LEFT JOIN numbered AS n ON j.person = n.person
WHERE j.step IS NULL

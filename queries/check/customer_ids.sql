-- Customer ids that two different persons share, and persons with several customer ids.
-- severity: error
-- grain:  customer_id, person
-- reads:  identities
-- gives:  customer_id VARCHAR, person BIGINT, persons BIGINT, customer_ids BIGINT
WITH shared AS (
  SELECT customer_id, count(DISTINCT person) AS persons FROM identities GROUP BY customer_id HAVING count(DISTINCT person) > 1
),
several AS (
  SELECT person, count(DISTINCT customer_id) AS customer_ids FROM identities GROUP BY person HAVING count(DISTINCT customer_id) > 1
)
SELECT DISTINCT i.customer_id, CAST(i.person AS BIGINT) AS person, coalesce(s.persons, 1) AS persons, coalesce(n.customer_ids, 1) AS customer_ids
FROM identities AS i LEFT JOIN shared AS s ON i.customer_id = s.customer_id LEFT JOIN several AS n ON i.person = n.person
WHERE s.persons > 1 OR n.customer_ids > 1
ORDER BY i.customer_id, person

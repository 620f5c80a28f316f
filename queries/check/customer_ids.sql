-- Customer ids that two different persons share.
-- severity: error
-- grain:  customer_id
-- reads:  identities
-- gives:  customer_id VARCHAR, persons BIGINT
SELECT customer_id, count(DISTINCT person) AS persons
FROM identities GROUP BY customer_id HAVING count(DISTINCT person) > 1
ORDER BY customer_id

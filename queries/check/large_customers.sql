-- Customers that more than ten accounts were joined into: addresses may have tied together people who are not one.
-- severity: warning
-- grain:  customer_id
-- reads:  identities
-- gives:  customer_id VARCHAR, accounts BIGINT
SELECT customer_id, count(*) AS accounts
FROM identities WHERE id_space NOT IN ('email', 'phone')
GROUP BY customer_id HAVING count(*) > 10
ORDER BY customer_id

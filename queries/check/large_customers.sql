-- Customers that more than ten accounts were joined into: addresses may have tied together people who are not one.
-- severity: warning
-- grain:  customer_id
-- reads:  identities
-- gives:  customer_id VARCHAR, accounts BIGINT
WITH joined AS ( -- of these few all but one have another's number: the others need not be counted
  SELECT customer_id FROM identities WHERE person <> member AND id_space NOT IN ('email', 'phone') GROUP BY customer_id HAVING count(*) >= 10
)
SELECT i.customer_id, count(*) AS accounts
FROM identities AS i SEMI JOIN joined AS j ON i.customer_id = j.customer_id
WHERE i.id_space NOT IN ('email', 'phone')
GROUP BY i.customer_id HAVING count(*) > 10
ORDER BY i.customer_id

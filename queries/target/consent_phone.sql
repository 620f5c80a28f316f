-- Who agreed to text messages and calls by the day of the run, and what the newest
-- word is: a refusal that came later counts too. It is one consent: to the number.
-- grain:  customer_id
-- reads:  customers_as_of, customers
-- gives:  customer_id VARCHAR, agreed BOOLEAN, newest BOOLEAN
SELECT n.customer_id, a.sms_consent AS agreed, n.sms_consent AS newest
FROM customers AS n LEFT JOIN customers_as_of(CAST($as_of AS DATE)) AS a ON n.customer_id = a.customer_id
WHERE a.sms_consent IS NOT NULL OR n.sms_consent IS NOT NULL

-- Who the customer is. Direct identifiers are shown: the command is for people who may see them.
-- grain:  customer_id
-- reads:  customers, contacts
-- gives:  customer_id VARCHAR, name VARCHAR, email VARCHAR, phone VARCHAR, gender VARCHAR, birth_date DATE, country VARCHAR,
--         region VARCHAR, city VARCHAR, acquired_on DATE, acquired_channel VARCHAR, email_consent BOOLEAN, sms_consent BOOLEAN, tags VARCHAR
SELECT c.customer_id, k.name, k.email, k.phone, c.gender, c.birth_date, c.country, c.region, c.city, c.acquired_on, c.acquired_channel,
  c.email_consent, c.sms_consent, c.tags
FROM customers AS c LEFT JOIN contacts AS k ON c.customer_id = k.customer_id
WHERE c.customer_id = $customer

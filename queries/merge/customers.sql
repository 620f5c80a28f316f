-- Customers of a file. Earlier rows stay: the view takes of each attribute the
-- newest value, and a file may have fewer columns than the one before.
CREATE OR REPLACE TEMP VIEW placed_customers AS
SELECT s.*, p.member
FROM stage AS s CROSS JOIN load AS l
  JOIN people AS p ON p.id_space = CASE WHEN s.customer_via IN ('email', 'phone') THEN s.customer_via ELSE l.id_space END
    AND p.customer_key = s.customer_key;

INSERT INTO facts.customers
SELECT $source, p.member, p.gender, p.birth_date, p.country, p.region, p.city, p.postcode, p.acquired_on, p.acquired_channel,
  p.referrer_id, p.email_consent, p.sms_consent, p.tags, p.attributes, p.updated_at, p.content, $batch, p.line
FROM placed_customers AS p JOIN fate AS f ON p.line = f.line
WHERE f.outcome IN ('new', 'replaces');

INSERT INTO facts.contacts
SELECT $source, p.member, p.name, p.email, p.phone, p.address, p.updated_at, $batch, p.line
FROM placed_customers AS p JOIN fate AS f ON p.line = f.line
WHERE f.outcome IN ('new', 'replaces') AND coalesce(p.name, p.email, p.phone, p.address) IS NOT NULL;

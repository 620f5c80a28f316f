-- Customers of a file.
INSERT INTO facts.customers
SELECT $source, member, name, email, phone, address, member_id, gender, birth_date, country, region, city, postcode,
  acquired_on, acquired_channel, referrer_id, email_consent, sms_consent, tags, attributes, updated_at, content, coalesce(batch, $batch), line
FROM stage WHERE member IS NOT NULL;

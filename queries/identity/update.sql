-- Writes into identities who is whose customer, where that changes.
-- reads:  identities, identity_wanted
-- gives:  Count BIGINT
UPDATE identities SET person = w.person, customer_id = w.customer_id, reason = w.reason
FROM identity_wanted AS w
WHERE identities.member = w.member AND (identities.person <> w.person OR identities.customer_id <> w.customer_id OR identities.reason <> w.reason)

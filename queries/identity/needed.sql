-- What there is to do: nothing, in most stores, and this finds that out without reading facts.
-- keys: somebody told of an address; merged: ids are joined now; named: there are ids of other spaces than the shared one;
-- odd: ids of a space were told apart from ids of the shared one; told: there is something about keys or links to take back.
-- reads:  identities, facts.cards, facts.customers, shared_keys, identity_links
-- gives:  keys BOOLEAN, merged BOOLEAN, named BOOLEAN, odd BOOLEAN, told BOOLEAN
SELECT
  $email AND (EXISTS (SELECT 1 FROM facts.cards WHERE email IS NOT NULL) OR EXISTS (SELECT 1 FROM facts.customers WHERE email IS NOT NULL))
    OR $phone AND (EXISTS (SELECT 1 FROM facts.cards WHERE phone IS NOT NULL) OR EXISTS (SELECT 1 FROM facts.customers WHERE phone IS NOT NULL))
    OR $member_id AND (EXISTS (SELECT 1 FROM facts.cards WHERE member_id IS NOT NULL) OR EXISTS (SELECT 1 FROM facts.customers WHERE member_id IS NOT NULL)) AS keys,
  EXISTS (SELECT 1 FROM identities WHERE reason <> 'id') AS merged,
  EXISTS (SELECT 1 FROM identities WHERE id_space <> '') AS named,
  EXISTS (SELECT 1 FROM identities WHERE id_space <> '' AND contains(customer_id, '::')) AS odd,
  EXISTS (SELECT 1 FROM shared_keys) OR EXISTS (SELECT 1 FROM identity_links) AS told

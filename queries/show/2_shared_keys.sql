-- What the customer has in common with others and is not joined with them for: of too many people, ignored, or kept apart.
-- grain:  kind, shown, reason
-- reads:  shared_keys, facts.shared_key_members, identities
-- gives:  kind VARCHAR, shown VARCHAR, people BIGINT, reason VARCHAR
SELECT k.kind, k.shown, max(k.people) AS people, k.reason
FROM shared_keys AS k JOIN facts.shared_key_members AS s ON k.key = s.key JOIN identities AS i ON s.member = i.member
WHERE i.customer_id = $customer
GROUP BY k.kind, k.shown, k.reason ORDER BY k.kind, k.shown, k.reason

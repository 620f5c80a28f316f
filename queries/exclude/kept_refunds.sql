-- Refunds but for those of orders or customers that a rule leaves out. Portable.
-- grain:  source, refund_id
-- reads:  facts.settled_refunds, excluded_refunds, excluded_people, identities
-- gives:  source VARCHAR, refund_id VARCHAR, member BIGINT, refunded_on DATE, refunded_day INTEGER, counted BOOLEAN, amount DECIMAL(18,4)
SELECT r.source, r.refund_id, r.member, r.refunded_on, r.refunded_day, r.counted, r.amount
FROM facts.settled_refunds AS r
LEFT JOIN excluded_refunds AS x ON r.source = x.source AND r.refund_id = x.refund_id
LEFT JOIN (
  SELECT i.member FROM identities AS i INNER JOIN excluded_people AS p ON i.person = p.person
) AS m ON r.member = m.member
WHERE x.refund_id IS NULL AND m.member IS NULL

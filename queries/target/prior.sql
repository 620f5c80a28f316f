-- The arms that customers had in lists of the campaign that count, or that this
-- one replaces. Who was in a control group once stays in it.
-- grain:  person
-- reads:  target_earlier, identities
-- gives:  person BIGINT, control BOOLEAN
SELECT i.person, bool_or(m.arm = 'control') AS control
FROM target_earlier AS m JOIN identities AS i ON m.member = i.member
GROUP BY i.person

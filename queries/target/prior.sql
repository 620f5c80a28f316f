-- The arms that customers, or others with the same address, had in lists of the
-- campaign that count, or that this one replaces. Who was in a control group once
-- stays in it, and nobody else with that address is sent what would reach them there.
-- grain:  person
-- reads:  target_earlier, identities, target_ranked, target_reach
-- gives:  person BIGINT, control BOOLEAN
WITH drawn AS (
  SELECT i.person, bool_or(m.arm = 'control') AS control
  FROM target_earlier AS m JOIN identities AS i ON m.member = i.member
  GROUP BY i.person
)
SELECT k.person, bool_or(d.control) AS control
FROM target_ranked AS k
JOIN target_reach AS r ON k.contact = r.contact
JOIN drawn AS d ON r.person = d.person
GROUP BY k.person

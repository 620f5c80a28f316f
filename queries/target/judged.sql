-- The customers of the segment with the first step at which they fall, NULL for
-- those who fall at none of these: places 1 to 4 are those of target_blocks. A
-- customer whose address somebody else must not be contacted at falls at the same step.
-- grain:  run_id
-- reads:  target_people, target_reach, target_consent, target_blocks, target_blocked, target_excluded
-- gives:  run_id VARCHAR, person BIGINT, customer_id VARCHAR, contact VARCHAR, value DOUBLE, worth DOUBLE, stratum VARCHAR, step VARCHAR, reason VARCHAR
WITH own AS (
  SELECT person, min(place) AS place, arg_min(reason, (place, reason)) AS reason
  FROM target_blocks
  WHERE person IS NOT NULL
  GROUP BY person
),
refused AS (
  SELECT r.contact, min(r.customer_id) AS customer_id
  FROM target_consent AS c JOIN target_reach AS r ON c.customer_id = r.customer_id
  WHERE NOT (coalesce(c.agreed, true) AND coalesce(c.newest, true))
  GROUP BY r.contact
),
looked_at AS (
  SELECT p.*, r.contact, x.reason AS excluded,
    CASE $consent
      WHEN 'required' THEN coalesce(c.agreed, false) AND coalesce(c.newest, true)
      WHEN 'unless_refused' THEN coalesce(c.agreed, true) AND coalesce(c.newest, true)
      ELSE true END AS allowed,
    f.customer_id AS refuser,
    coalesce(c.agreed, c.newest) AS told,
    coalesce(o.place, 9) AS own_place, o.reason AS own_reason,
    coalesce(b.place, 9) AS block_place, b.reason AS block_reason, b.customer_id AS block_customer
  FROM target_people AS p
  LEFT JOIN target_reach AS r ON p.person = r.person
  LEFT JOIN target_consent AS c ON p.customer_id = c.customer_id
  LEFT JOIN refused AS f ON r.contact = f.contact
  LEFT JOIN own AS o ON p.person = o.person
  LEFT JOIN target_blocked AS b ON r.contact = b.contact
  LEFT JOIN target_excluded AS x ON p.person = x.person
)
SELECT run_id, person, coalesce(customer_id, run_id) AS customer_id, contact, value, worth, stratum,
  CASE
    WHEN person IS NULL OR nth > 1 THEN 'unknown'
    WHEN contact IS NULL THEN 'reachable'
    WHEN NOT allowed OR refuser IS NOT NULL THEN 'consent'
    WHEN least(own_place, block_place) = 1 THEN 'suppressed'
    WHEN least(own_place, block_place) = 2 THEN 'opted_out'
    WHEN least(own_place, block_place) = 3 THEN 'complaint'
    WHEN least(own_place, block_place) = 4 THEN 'cap'
    WHEN excluded IS NOT NULL THEN 'excluded'
  END AS step,
  CASE
    WHEN person IS NULL THEN ''
    WHEN nth > 1 THEN customer_id
    WHEN contact IS NULL THEN ''
    WHEN NOT allowed THEN CASE WHEN told IS NULL THEN 'not asked' ELSE 'refused' END
    WHEN refuser IS NOT NULL THEN 'refused (' || refuser || ')'
    WHEN own_place < 9 AND own_place <= block_place THEN own_reason
    WHEN block_place < 9 AND block_customer IS NULL THEN block_reason
    WHEN block_place < 9 THEN block_reason || ' (' || block_customer || ')'
    ELSE excluded
  END AS reason
FROM looked_at

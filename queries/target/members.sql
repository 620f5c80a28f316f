-- The treated members of a list that was cut, as the store knows them today, in the
-- place of a segment: to look again at who of them may be contacted.
-- grain:  run_id
-- reads:  target_list, identities
-- gives:  run_id VARCHAR, person BIGINT, customer_id VARCHAR, value DOUBLE, worth DOUBLE, stratum VARCHAR, nth BIGINT
SELECT m.customer_id AS run_id, i.person, i.customer_id, m.value, CAST(-m.rank AS DOUBLE) AS worth, m.stratum,
  row_number() OVER (PARTITION BY i.person ORDER BY m.rank) AS nth
FROM target_list AS m LEFT JOIN identities AS i ON m.member = i.member
WHERE m.arm <> 'control'

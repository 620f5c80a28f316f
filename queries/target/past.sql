-- Whom the selection of a list gives as of an earlier run, as the customers that they
-- are today, the best ranked first.
-- grain:  place
-- reads:  target_segment, target_scores, identities
-- gives:  place BIGINT, person BIGINT, among BIGINT
SELECT row_number() OVER (ORDER BY s.worth DESC NULLS LAST, t.run_id) AS place, i.person, count(*) OVER () AS among
FROM target_segment AS t
JOIN identities AS i ON t.run_id = i.customer_id AND i.member = i.person
LEFT JOIN target_scores AS s ON t.run_id = s.run_id

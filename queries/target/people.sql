-- The customers of the segment as the store knows them today, with what they are
-- ranked and divided by. Of several ids of the run that are one customer now the
-- first counts, best the one that it has kept: nth is 1.
-- grain:  run_id
-- reads:  target_segment, target_ids, target_scores
-- gives:  run_id VARCHAR, person BIGINT, customer_id VARCHAR, value DOUBLE, worth DOUBLE, stratum VARCHAR, nth BIGINT
WITH met AS (
  SELECT DISTINCT person FROM target_ids WHERE joined AND person IS NOT NULL
),
numbered AS (
  SELECT i.run_id, row_number() OVER (PARTITION BY i.person ORDER BY i.joined, i.run_id) AS nth
  FROM target_ids AS i
  SEMI JOIN met AS m ON i.person = m.person
  SEMI JOIN target_segment AS t ON i.run_id = t.run_id
)
SELECT t.run_id, i.person, i.customer_id, s.value, s.worth, s.stratum, coalesce(n.nth, 1) AS nth
FROM target_segment AS t
JOIN target_ids AS i ON t.run_id = i.run_id
LEFT JOIN target_scores AS s ON t.run_id = s.run_id
LEFT JOIN numbered AS n ON t.run_id = n.run_id

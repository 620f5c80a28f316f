-- Why the customer has the RFM scores of the latest run: the value of each measure and the cut points that it was compared with.
-- A score is one more than the number of cut points that the value is better than.
-- grain:  measure
-- reads:  scores, models
-- gives:  as_of DATE, measure VARCHAR, measured DOUBLE, score BIGINT, cut_points VARCHAR
WITH latest AS (
  SELECT * FROM scores WHERE customer_id = $customer AND orders IS NOT NULL ORDER BY as_of DESC LIMIT 1
),
cuts AS (
  SELECT l.as_of, CAST(m.parameters AS JSON) AS p FROM latest AS l JOIN models AS m ON l.as_of = m.as_of AND m.model = 'rfm'
),
measures AS (
  SELECT 1 AS place, as_of, 'recency: days since the last order, fewer is better' AS measure, 'r' AS letter, CAST(recency_days AS DOUBLE) AS measured, r_score AS score FROM latest
  UNION ALL SELECT 2, as_of, 'frequency: orders', 'f', CAST(orders AS DOUBLE), f_score FROM latest
  UNION ALL SELECT 3, as_of, 'monetary: net revenue', 'm', net_revenue, m_score FROM latest
)
SELECT m.as_of, m.measure, m.measured, CAST(m.score AS BIGINT) AS score,
  concat_ws(' | ', json_extract_string(c.p, '$.' || m.letter || '_1'), json_extract_string(c.p, '$.' || m.letter || '_2'),
    json_extract_string(c.p, '$.' || m.letter || '_3'), json_extract_string(c.p, '$.' || m.letter || '_4')) AS cut_points
FROM measures AS m JOIN cuts AS c ON m.as_of = c.as_of
ORDER BY m.place

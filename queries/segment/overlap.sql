-- How many customers of one run two segments have in common; of a segment with itself, how many it has. overlap_wanted numbers the segments.
-- grain:  one, other
-- reads:  one_members, overlap_wanted
-- gives:  one BIGINT, other BIGINT, customers BIGINT
WITH numbered AS (
  SELECT w.number, m.customer_id FROM one_members AS m JOIN overlap_wanted AS w ON m.scheme = w.scheme AND m.segment = w.segment
)
SELECT a.number AS one, b.number AS other, count(*) AS customers
FROM numbered AS a JOIN numbered AS b ON a.customer_id = b.customer_id AND a.number <= b.number
GROUP BY a.number, b.number
ORDER BY one, other

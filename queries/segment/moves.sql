-- From which segment of a scheme that parts customers to which one they went between two runs. A segment is NULL where a customer had
-- none; scored says whether the customer was scored then at all. clv is that of each day.
-- grain:  from_segment, to_segment, scored_before, scored_now
-- reads:  before_people, before_members, now_people, now_members
-- gives:  from_segment VARCHAR, to_segment VARCHAR, scored_before BOOLEAN, scored_now BOOLEAN, customers BIGINT, clv_before DOUBLE, clv_now DOUBLE
WITH pairs AS (
  SELECT coalesce(b.customer_id, n.customer_id) AS customer_id, b.segment AS from_segment, n.segment AS to_segment
  FROM before_members AS b FULL JOIN now_members AS n ON b.customer_id = n.customer_id
)
SELECT p.from_segment, p.to_segment, b.customer_id IS NOT NULL AS scored_before, n.customer_id IS NOT NULL AS scored_now, count(*) AS customers,
  CAST(sum(CAST(b.clv AS DECIMAL(18,4))) AS DOUBLE) AS clv_before, CAST(sum(CAST(n.clv AS DECIMAL(18,4))) AS DOUBLE) AS clv_now
FROM pairs AS p
LEFT JOIN before_people AS b ON p.customer_id = b.customer_id
LEFT JOIN now_people AS n ON p.customer_id = n.customer_id
GROUP BY p.from_segment, p.to_segment, scored_before, scored_now
ORDER BY p.from_segment NULLS LAST, p.to_segment NULLS LAST, scored_before, scored_now

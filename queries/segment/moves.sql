-- From which segment of a scheme that parts customers to which one they went between two runs. A segment is NULL where a customer had
-- none; scored says whether the customer was scored then at all. clv is that of each day.
-- grain:  from_segment, to_segment, scored_before, scored_now
-- reads:  before_state, now_state
-- gives:  from_segment VARCHAR, to_segment VARCHAR, scored_before BOOLEAN, scored_now BOOLEAN, customers BIGINT, clv_before DOUBLE, clv_now DOUBLE
SELECT b.segment AS from_segment, n.segment AS to_segment, b.customer_id IS NOT NULL AS scored_before, n.customer_id IS NOT NULL AS scored_now,
  count(*) AS customers,
  CAST(sum(CAST(b.clv AS DECIMAL(18,4))) AS DOUBLE) AS clv_before, CAST(sum(CAST(n.clv AS DECIMAL(18,4))) AS DOUBLE) AS clv_now
FROM before_state AS b FULL JOIN now_state AS n ON b.customer_id = n.customer_id
WHERE b.segment IS NOT NULL OR n.segment IS NOT NULL
GROUP BY b.segment, n.segment, scored_before, scored_now
ORDER BY from_segment NULLS LAST, to_segment NULLS LAST, scored_before, scored_now

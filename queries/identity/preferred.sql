-- Members that could give one customer its id, the best first: whose first fact is earliest, then the one with the smallest customer id.
-- grain:  no
-- reads:  identity_contested, identity_members, identity_own, facts.orders, facts.interactions, facts.responses, facts.customers
-- gives:  no BIGINT
WITH wanted AS (
  SELECT m.no, m.member FROM identity_contested AS c JOIN identity_members AS m ON c.no = m.no
),
days AS (
  SELECT member, min(ordered_day) AS day FROM facts.orders WHERE member IN (SELECT member FROM wanted) GROUP BY member
  UNION ALL SELECT member, min(occurred_day) FROM facts.interactions WHERE member IN (SELECT member FROM wanted) GROUP BY member
  UNION ALL SELECT member, min(occurred_day) FROM facts.responses WHERE member IN (SELECT member FROM wanted) GROUP BY member
  UNION ALL SELECT member, CAST(min(acquired_on) - DATE '1970-01-01' AS INTEGER) FROM facts.customers WHERE member IN (SELECT member FROM wanted) GROUP BY member
),
first AS (
  SELECT member, min(day) AS day FROM days GROUP BY member
)
SELECT CAST(w.no AS BIGINT) AS no
FROM wanted AS w JOIN identity_own AS o ON w.member = o.member LEFT JOIN first AS f ON w.member = f.member
ORDER BY f.day NULLS LAST, o.customer_id, w.no

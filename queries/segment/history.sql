-- Who came into each segment between two runs, who left it and who stayed, and what its members are worth now. Of who came, new are
-- those who were not scored before; of who left, gone are those who are not scored any more.
-- grain:  scheme, segment
-- reads:  before_people, before_members, now_people, now_members
-- gives:  scheme VARCHAR, segment VARCHAR, before BIGINT, stayed BIGINT, gone BIGINT, new BIGINT, customers BIGINT,
--         net_revenue DOUBLE, clv DOUBLE
WITH newcomers AS (
  SELECT n.customer_id FROM now_people AS n ANTI JOIN before_people AS b ON n.customer_id = b.customer_id
),
leavers AS (
  SELECT b.customer_id FROM before_people AS b ANTI JOIN now_people AS n ON b.customer_id = n.customer_id
),
was AS (
  SELECT b.scheme, b.segment, count(*) AS customers, count(g.customer_id) AS gone
  FROM before_members AS b LEFT JOIN leavers AS g ON b.customer_id = g.customer_id
  GROUP BY b.scheme, b.segment
),
present AS (
  SELECT m.scheme, m.segment, count(*) AS customers, count(c.customer_id) AS new,
    CAST(sum(CAST(p.net_revenue AS DECIMAL(18,4))) AS DOUBLE) AS net_revenue,
    CAST(sum(CAST(p.clv AS DECIMAL(18,4))) AS DOUBLE) AS clv
  FROM now_members AS m
  JOIN now_people AS p ON m.customer_id = p.customer_id
  LEFT JOIN newcomers AS c ON m.customer_id = c.customer_id
  GROUP BY m.scheme, m.segment
),
both_times AS (
  SELECT n.scheme, n.segment, count(*) AS customers
  FROM now_members AS n SEMI JOIN before_members AS b ON n.customer_id = b.customer_id AND n.segment = b.segment AND n.scheme = b.scheme
  GROUP BY n.scheme, n.segment
)
SELECT coalesce(n.scheme, b.scheme) AS scheme, coalesce(n.segment, b.segment) AS segment,
  coalesce(b.customers, 0) AS before, coalesce(s.customers, 0) AS stayed, coalesce(b.gone, 0) AS gone, coalesce(n.new, 0) AS new,
  coalesce(n.customers, 0) AS customers, n.net_revenue, n.clv
FROM present AS n
FULL JOIN was AS b ON n.scheme = b.scheme AND n.segment = b.segment
LEFT JOIN both_times AS s ON n.scheme = s.scheme AND n.segment = s.segment
ORDER BY scheme, segment

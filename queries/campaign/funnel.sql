-- Events of campaign $campaign by arm: how many customers, and how many events. Opens by machines, which
-- fetch the pictures of each message, stand apart. Events of customers who were assigned go to the arm of
-- their first assignment; of a campaign that assigned nobody, and of customers nobody knows, to none.
-- grain:  arm, event, machine
-- reads:  responses, identities, bounds
-- gives:  arm VARCHAR, event VARCHAR, machine INTEGER, customers BIGINT, unknown BIGINT, events BIGINT, value DOUBLE, first_on DATE, last_on DATE
WITH told AS (
  SELECT i.person, r.event, CASE WHEN r.machine AND r.event = 'opened' THEN 1 ELSE 0 END AS machine, r.value, r.occurred_on, r.occurred_day,
    CASE WHEN r.event = 'assigned' THEN coalesce(r.arm, 'treated') END AS arm
  FROM responses AS r LEFT JOIN identities AS i ON r.member = i.member CROSS JOIN bounds AS b
  WHERE r.campaign_id = $campaign AND r.occurred_day <= b.as_of_day
),
assigned AS (
  SELECT person, arg_min(arm, (occurred_day, arm)) AS arm FROM told WHERE event = 'assigned' AND person IS NOT NULL GROUP BY person
)
SELECT a.arm, t.event, t.machine, count(DISTINCT t.person) AS customers, count(*) FILTER (t.person IS NULL) AS unknown,
  count(*) AS events, CAST(sum(t.value) AS DOUBLE) AS value, min(t.occurred_on) AS first_on, max(t.occurred_on) AS last_on
FROM told AS t LEFT JOIN assigned AS a ON t.person = a.person
GROUP BY a.arm, t.event, t.machine
ORDER BY a.arm NULLS FIRST, t.event, t.machine

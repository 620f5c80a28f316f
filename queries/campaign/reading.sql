-- Who was assigned to campaign $campaign, and what each did: one row a customer, by the first assignment.
-- Outcomes are of the $window days from the day of assignment on, as far as the as-of day; what was
-- bought in the 365 days before stands beside them. Events count from the assignment on. $event is the
-- event of the outcome where it is none of orders. list_id is the list that assigned the customer first, of
-- lists of one day that of the first arm by name, so that treated and control are told apart alike.
-- grain:  customer_id
-- reads:  responses, lists, identities, kept_orders, facts.settled_refunds, excluded_people, customers_as_of, bounds
-- gives:  customer_id VARCHAR, arm VARCHAR, arms BIGINT, assigned_day INTEGER, orders BIGINT, bought DOUBLE, refunded DOUBLE,
--         before DOUBLE, events BIGINT, event_value DOUBLE, sent BOOLEAN, delivered BOOLEAN, opened BOOLEAN, machine BOOLEAN,
--         clicked BOOLEAN, converted BOOLEAN, unsubscribed BOOLEAN, bounced BOOLEAN, complained BOOLEAN, acquired_channel VARCHAR, list_id VARCHAR
WITH told AS (
  SELECT i.person, r.occurred_day, r.event, r.machine, r.value,
    CASE WHEN r.event = 'assigned' THEN coalesce(r.arm, 'treated') END AS arm, l.list_id, coalesce(l.arm, r.arm, 'treated') AS drawn_for
  FROM responses AS r JOIN identities AS i ON r.member = i.member CROSS JOIN bounds AS b
  LEFT JOIN lists AS l ON r.source = 'lists' AND r.event = 'assigned' AND l.list_id = split_part(r.response_id, ':', 1)
  WHERE r.campaign_id = $campaign AND r.occurred_day <= b.as_of_day
    AND i.person NOT IN (SELECT person FROM excluded_people)
),
assigned AS (
  SELECT person, min(occurred_day) AS assigned_day, arg_min(arm, (occurred_day, drawn_for, coalesce(list_id, ''), arm)) AS arm, count(DISTINCT arm) AS arms,
    nullif(arg_min(coalesce(list_id, ''), (occurred_day, drawn_for, coalesce(list_id, ''), arm)), '') AS list_id
  FROM told WHERE event = 'assigned' GROUP BY person
),
events AS (
  SELECT t.person, bool_or(t.event = 'sent') AS sent, bool_or(t.event = 'delivered') AS delivered,
    bool_or(t.event = 'opened' AND t.machine IS NOT TRUE) AS opened, bool_or(t.event = 'opened' AND t.machine IS TRUE) AS machine,
    bool_or(t.event = 'clicked') AS clicked, bool_or(t.event = 'converted') AS converted, bool_or(t.event = 'unsubscribed') AS unsubscribed,
    bool_or(t.event = 'bounced') AS bounced, bool_or(t.event = 'complained') AS complained,
    count(*) FILTER (t.event = $event AND t.machine IS NOT TRUE AND t.occurred_day < a.assigned_day + $window) AS events,
    CAST(sum(t.value) FILTER (t.event = $event AND t.machine IS NOT TRUE AND t.occurred_day < a.assigned_day + $window) AS DOUBLE) AS event_value
  FROM told AS t JOIN assigned AS a ON t.person = a.person
  WHERE t.occurred_day >= a.assigned_day
  GROUP BY t.person
),
members AS MATERIALIZED ( -- so that orders are joined by member, and not by their days
  SELECT a.person, i.member, a.assigned_day FROM assigned AS a JOIN identities AS i ON a.person = i.person
),
theirs AS MATERIALIZED (
  SELECT m.person, m.assigned_day, o.source, o.order_id, o.net, o.ordered_day
  FROM members AS m JOIN kept_orders AS o ON o.member = m.member CROSS JOIN bounds AS b
  WHERE o.counted AND o.net >= b.smallest_net AND o.ordered_day <= b.as_of_day
),
placed AS (
  SELECT person, source, order_id, net, ordered_day >= assigned_day AS within
  FROM theirs
  WHERE ordered_day >= assigned_day - 365 AND ordered_day < assigned_day + $window
),
refunds AS (
  SELECT p.person, sum(r.amount) AS refunded
  FROM placed AS p JOIN facts.settled_refunds AS r ON p.source = r.source AND p.order_id = r.order_id CROSS JOIN bounds AS b
  WHERE p.within AND r.counted AND r.refunded_day <= b.as_of_day
  GROUP BY p.person
),
bought AS (
  SELECT person, count(*) FILTER (within) AS orders, sum(net) FILTER (within) AS bought, sum(net) FILTER (NOT within) AS before
  FROM placed GROUP BY person
),
known AS (
  SELECT i.person, i.customer_id, c.acquired_channel
  FROM identities AS i JOIN customers_as_of((SELECT as_of FROM bounds)) AS c ON i.customer_id = c.customer_id
  WHERE i.member = i.person
)
SELECT k.customer_id, a.arm, a.arms, CAST(a.assigned_day AS INTEGER) AS assigned_day, coalesce(b.orders, 0) AS orders,
  coalesce(CAST(b.bought AS DOUBLE), 0) AS bought, coalesce(CAST(r.refunded AS DOUBLE), 0) AS refunded, coalesce(CAST(b.before AS DOUBLE), 0) AS before,
  coalesce(e.events, 0) AS events, coalesce(e.event_value, 0) AS event_value,
  e.sent, e.delivered, e.opened, e.machine, e.clicked, e.converted, e.unsubscribed, e.bounced, e.complained, k.acquired_channel, a.list_id
FROM assigned AS a
JOIN known AS k ON a.person = k.person
LEFT JOIN events AS e ON a.person = e.person
LEFT JOIN bought AS b ON a.person = b.person
LEFT JOIN refunds AS r ON a.person = r.person
ORDER BY k.customer_id

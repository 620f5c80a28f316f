-- How far the facts of each source reach, up to the as-of day, and on which day its newest file was loaded.
-- grain:  kind, source
-- reads:  batches, orders_told, facts.settled_refunds, facts.interactions, facts.responses, bounds
-- gives:  kind VARCHAR, source VARCHAR, first_on DATE, last_on DATE, loaded_on DATE
WITH loads AS (
  SELECT kind, source, CAST(max(loaded_at) AS DATE) AS loaded_on
  FROM batches
  WHERE state = 'loaded'
  GROUP BY kind, source
),
spans AS (
  SELECT 'orders' AS kind, o.source, CAST(min(DATE '1970-01-01' + o.day) AS DATE) AS first_on,
    CAST(max(DATE '1970-01-01' + o.day) AS DATE) AS last_on
  FROM orders_told AS o
  CROSS JOIN bounds AS b
  WHERE o.day <= b.as_of_day
  GROUP BY o.source
  UNION ALL
  SELECT 'refunds', r.source, min(r.refunded_on), max(r.refunded_on)
  FROM facts.settled_refunds AS r
  CROSS JOIN bounds AS b
  WHERE r.refunded_day <= b.as_of_day
  GROUP BY r.source
  UNION ALL
  SELECT 'interactions', i.source, min(i.occurred_on), max(i.occurred_on)
  FROM facts.interactions AS i
  CROSS JOIN bounds AS b
  WHERE i.occurred_day <= b.as_of_day
  GROUP BY i.source
  UNION ALL
  SELECT 'responses', r.source, min(r.occurred_on), max(r.occurred_on)
  FROM facts.responses AS r
  CROSS JOIN bounds AS b
  WHERE r.occurred_day <= b.as_of_day
  GROUP BY r.source
)
SELECT l.kind, l.source, s.first_on, s.last_on, l.loaded_on
FROM loads AS l
LEFT JOIN spans AS s ON l.kind = s.kind AND l.source = s.source
ORDER BY l.kind, l.source

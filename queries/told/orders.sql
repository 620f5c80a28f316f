-- Orders of each source on each day, those below zero aside, by whether they count and whether they name a customer: what
-- reports tell of orders is added up from these few rows.
-- grain:  source, day, counted, guest
-- reads:  facts.order_rows, batches
-- gives:  source VARCHAR, day INTEGER, counted BOOLEAN, guest BOOLEAN, orders BIGINT, net DECIMAL(38,4)
WITH placed AS (
  SELECT batch_id, ordered_day, counted, member IS NULL AS guest, count(*) AS orders, sum(net) AS net
  FROM facts.order_rows
  WHERE net >= 0
  GROUP BY batch_id, ordered_day, counted, member IS NULL
)
SELECT
  b.source,
  p.ordered_day AS day,
  p.counted,
  p.guest,
  CAST(sum(p.orders) AS BIGINT) AS orders,
  CAST(sum(p.net) AS DECIMAL(38,4)) AS net
FROM placed AS p
INNER JOIN batches AS b ON p.batch_id = b.batch_id
GROUP BY b.source, p.ordered_day, p.counted, p.guest

-- Sales that count up to the as-of day, those of them whose order has a cost, and the costs.
-- reads:  kept_orders, bounds
-- gives:  sales DOUBLE, costed DOUBLE, cost DOUBLE
SELECT coalesce(CAST(sum(o.net) AS DOUBLE), 0) AS sales,
  coalesce(CAST(sum(o.net) FILTER (o.cost IS NOT NULL) AS DOUBLE), 0) AS costed,
  coalesce(CAST(sum(o.cost) AS DOUBLE), 0) AS cost
FROM kept_orders AS o
CROSS JOIN bounds AS b
WHERE o.counted
  AND o.net >= b.smallest_net
  AND o.net >= 0
  AND o.ordered_day <= b.as_of_day

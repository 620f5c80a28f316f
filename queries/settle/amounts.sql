-- Lines of order-lines files follow the currency of their orders.
UPDATE facts.order_lines SET rate = c.order_rate, unit_price = c.unit_price, discount = c.discount, net = c.net, cost = c.cost
FROM (
  SELECT source, order_id, line, version, batch_id, order_rate,
    CAST(told_price * order_rate AS DECIMAL(18,4)) AS unit_price, CAST(told_discount * order_rate AS DECIMAL(18,4)) AS discount,
    CAST(told_net * order_rate AS DECIMAL(18,4)) AS net, CAST(told_cost * order_rate AS DECIMAL(18,4)) AS cost
  FROM (
    SELECT l.source, l.order_id, l.line, l.version, l.batch_id, w.rate AS order_rate,
      CASE WHEN l.rate IS NULL THEN l.unit_price ELSE CAST(CAST(l.unit_price AS DOUBLE) / l.rate AS DECIMAL(18,4)) END AS told_price,
      CASE WHEN l.rate IS NULL THEN l.discount ELSE CAST(CAST(l.discount AS DOUBLE) / l.rate AS DECIMAL(18,4)) END AS told_discount,
      CASE WHEN l.rate IS NULL THEN l.net ELSE CAST(CAST(l.net AS DOUBLE) / l.rate AS DECIMAL(18,4)) END AS told_net,
      CASE WHEN l.rate IS NULL THEN l.cost ELSE CAST(CAST(l.cost AS DOUBLE) / l.rate AS DECIMAL(18,4)) END AS told_cost
    FROM facts.order_lines AS l JOIN facts.orders AS w ON l.source = w.source AND l.order_id = w.order_id
    WHERE l.told_by = 'lines' AND w.rate IS NOT NULL AND l.rate IS DISTINCT FROM w.rate AND coalesce(l.rate, 0) <> 1
  ) AS told
) AS c
WHERE facts.order_lines.told_by = 'lines' AND facts.order_lines.source = c.source AND facts.order_lines.order_id = c.order_id
  AND facts.order_lines.line = c.line AND facts.order_lines.version = c.version AND facts.order_lines.batch_id = c.batch_id;

-- Orders that came without an amount are worth the sum of their lines, as far as
-- they are known.
UPDATE facts.order_rows SET net = l.net
FROM (
  SELECT o."row", CAST(coalesce(sum(l.net), 0) AS DECIMAL(18,4)) AS net
  FROM facts.order_versions AS o LEFT JOIN facts.order_lines AS l ON o.source = l.source AND o.order_id = l.order_id
  WHERE o.original_net IS NULL GROUP BY o."row"
) AS l
WHERE facts.order_rows.rowid = l."row" AND facts.order_rows.net <> l.net;

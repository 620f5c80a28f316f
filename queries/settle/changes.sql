-- What the new batches did to orders that were known: how many they replaced, with
-- the worth of those before and now, and how many rows are older versions.
-- reads: ranked, was_current
WITH before AS (
  SELECT r.source, r.id, sum(o.net) AS net FROM ranked AS r JOIN was_current AS w ON r."row" = w."row" JOIN facts.order_rows AS o ON o.rowid = r."row"
  WHERE r.batch_id < $first GROUP BY r.source, r.id
)
SELECT r.batch_id, count(*) FILTER (r.current AND b.id IS NOT NULL) AS replaced, count(*) FILTER (NOT r.current) AS older,
  coalesce(sum(b.net) FILTER (r.current), 0) AS net_before, coalesce(sum(o.net) FILTER (r.current AND b.id IS NOT NULL), 0) AS net_now
FROM ranked AS r JOIN facts.order_rows AS o ON o.rowid = r."row" LEFT JOIN before AS b ON r.source = b.source AND r.id = b.id
WHERE r.batch_id >= $first AND NOT r.copy
GROUP BY r.batch_id ORDER BY r.batch_id;

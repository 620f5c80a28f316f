-- The newest load of each source beside the median of its 28 loads before, where it is further from it than a share of it.
-- A source with fewer than three loads before has no usual number of rows.
-- grain:  source
-- reads:  batches
-- gives:  source VARCHAR, batch_id INTEGER, path VARCHAR, rows_read BIGINT, usual_rows DOUBLE
WITH loads AS (
  SELECT source, batch_id, path, read, row_number() OVER (PARTITION BY source ORDER BY batch_id DESC) AS age
  FROM batches
  WHERE kind = $kind AND state = 'loaded'
),
usual AS (
  SELECT source, median(read) AS usual_rows
  FROM loads
  WHERE age BETWEEN 2 AND 29
  GROUP BY source
  HAVING count(*) >= 3
)
SELECT l.source, l.batch_id, l.path, l.read AS rows_read, u.usual_rows
FROM loads AS l
JOIN usual AS u ON l.source = u.source
WHERE l.age = 1 AND abs(l.read - u.usual_rows) > $share * u.usual_rows
ORDER BY l.source

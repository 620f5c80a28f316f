-- Why rows were rejected, most frequent first, with the file and line of the first of each; never the value or the row.
-- grain:  source, column_name, reason
-- reads:  rejects, batches
-- gives:  source VARCHAR, column_name VARCHAR, reason VARCHAR, rejected BIGINT, path VARCHAR, line BIGINT
SELECT
  b.source,
  COALESCE(r."column", '') AS column_name,
  r.reason,
  count(*) AS rejected,
  arg_min(b.path, (r.batch_id, r.line)) AS path,
  arg_min(r.line, (r.batch_id, r.line)) AS line
FROM rejects AS r
INNER JOIN batches AS b ON r.batch_id = b.batch_id
GROUP BY b.source, column_name, r.reason
ORDER BY rejected DESC, b.source, column_name, r.reason
LIMIT 30

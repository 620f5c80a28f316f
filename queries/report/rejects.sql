-- Why rows were rejected, most frequent first, with the file and line of the first of each; never the row, and of the
-- value only its form: letters are x, digits are 9.
-- grain:  source, column_name, reason
-- reads:  rejects, batches
-- gives:  source VARCHAR, column_name VARCHAR, reason VARCHAR, rejected BIGINT, path VARCHAR, line BIGINT, form VARCHAR
SELECT
  b.source,
  COALESCE(r."column", '') AS column_name,
  r.reason,
  count(*) AS rejected,
  arg_min(b.path, (r.batch_id, r.line)) AS path,
  arg_min(r.line, (r.batch_id, r.line)) AS line,
  regexp_replace(regexp_replace(left(arg_min(r.value, (r.batch_id, r.line)), 24), '[\p{L}\p{M}]', 'x', 'g'), '\p{N}', '9', 'g') AS form
FROM rejects AS r
INNER JOIN batches AS b ON r.batch_id = b.batch_id
WHERE b.state <> 'rolled back'
GROUP BY b.source, column_name, r.reason
ORDER BY rejected DESC, b.source, column_name, r.reason
LIMIT 30

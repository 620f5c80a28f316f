-- Rows of the batches in question that were duplicates are those that repeats holds.
UPDATE batches SET duplicates = coalesce(r."rows", 0), accepted = batches.read - batches.rejected - coalesce(r."rows", 0)
FROM (
  SELECT b.batch_id, sum(r."rows") AS "rows"
  FROM batches AS b LEFT JOIN (
    SELECT batch_id, "rows" FROM facts.repeats UNION ALL SELECT batch_id, "rows" FROM facts.repeated_runs
  ) AS r ON b.batch_id = r.batch_id
  WHERE b.state = 'loaded' GROUP BY b.batch_id
) AS r
WHERE batches.batch_id = r.batch_id AND (batches.batch_id >= $first OR $all) AND batches.duplicates <> coalesce(r."rows", 0);

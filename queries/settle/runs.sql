-- Copies are recorded by their places: pairs has for each row of a file that is one
-- the row of another file that it says again. Where rows follow each other in both
-- files, as they do in exports that are made anew each night, many are one record.
INSERT INTO facts.repeated_runs
WITH placed AS (
  SELECT *, lag(line) OVER file AS line_before, lag(of_line) OVER file AS of_line_before
  FROM pairs WINDOW file AS (PARTITION BY source, batch_id, of_batch ORDER BY of_line, line)
),
numbered AS (
  SELECT *, sum(CASE WHEN line = line_before + 1 AND of_line = of_line_before + 1 THEN 0 ELSE 1 END)
    OVER (PARTITION BY source, batch_id, of_batch ORDER BY of_line, line) AS run
  FROM placed
)
SELECT $kind, source, batch_id, min(line), of_batch, min(of_line), count(*)
FROM numbered GROUP BY source, batch_id, of_batch, run ORDER BY of_batch, min(of_line), batch_id;

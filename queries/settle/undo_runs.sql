-- The copies that a batch brought go. Copies of its rows that other batches brought
-- are from now on copies of the first of them, which is recorded by itself: it may
-- become a row.
DELETE FROM facts.repeated_runs WHERE batch_id = $batch;

CREATE OR REPLACE TEMP TABLE followers AS
WITH followed AS (
  SELECT source, batch_id, unnest(range(line, line + "rows")) AS line, unnest(range(of_line, of_line + "rows")) AS of_line
  FROM facts.repeated_runs WHERE of_batch = $batch
)
SELECT f.*, row_number() OVER (PARTITION BY f.of_line ORDER BY b.loaded_at, f.batch_id, f.line) AS nth
FROM followed AS f JOIN batches AS b ON f.batch_id = b.batch_id;

DELETE FROM facts.repeated_runs WHERE of_batch = $batch;

INSERT INTO facts.repeats
WITH brought AS (
  SELECT source, CAST({id} AS VARCHAR) AS id, content, line FROM {rows} WHERE batch_id = $batch
  UNION SELECT source, CAST({id} AS VARCHAR), content, line FROM {old_rows} WHERE batch_id = $batch
  UNION SELECT source, id, content, line FROM facts.repeats WHERE batch_id = $batch AND kind = $kind
)
SELECT $kind, o.source, o.id, o.content, f.batch_id, f.line, 1, NULL FROM followers AS f JOIN brought AS o ON f.of_line = o.line WHERE f.nth = 1;

CREATE OR REPLACE TEMP TABLE pairs AS
SELECT f.source, f.batch_id, f.line, h.batch_id AS of_batch, h.line AS of_line
FROM followers AS f JOIN followers AS h ON f.of_line = h.of_line AND h.nth = 1 WHERE f.nth > 1;

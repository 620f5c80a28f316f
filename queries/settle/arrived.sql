-- Which facts of the new batches stand more than once, in the files' own rows
-- (several) or beside what the store had.
CREATE OR REPLACE TEMP TABLE contested AS
WITH before AS (
  SELECT DISTINCT n.source, n.{id} AS id FROM {rows} AS n
  WHERE n.batch_id >= $first AND EXISTS (SELECT 1 FROM {rows} AS o WHERE o.batch_id < $first AND o.source = n.source AND o.{id} = n.{id})
)
SELECT source, id FROM several UNION SELECT source, CAST(id AS VARCHAR) FROM before;

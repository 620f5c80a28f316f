-- Which facts of the new batches stand more than once, in the file's own rows or
-- beside what the store had. {table} has the facts, {id} their id; the batches from
-- $first on are new. repeated has the ids that the reader saw twice, unless
-- $look: then there may be more of them.
CREATE OR REPLACE TEMP TABLE contested AS
WITH several AS (
  SELECT source, {id} AS id FROM {table} WHERE $look AND batch_id >= $first GROUP BY ALL HAVING count(*) > 1
  UNION
  SELECT source, id FROM repeated WHERE kind = $kind
),
before AS (
  SELECT DISTINCT n.source, n.{id} AS id FROM {table} AS n
  WHERE n.batch_id >= $first AND EXISTS (SELECT 1 FROM {table} AS o WHERE o.batch_id < $first AND o.source = n.source AND o.{id} = n.{id})
)
SELECT source, CAST(id AS VARCHAR) AS id FROM several UNION SELECT source, CAST(id AS VARCHAR) AS id FROM before;

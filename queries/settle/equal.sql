-- Most facts that come again are as they were: the new row of a fact that stands
-- once in the new batches, equals the version that the store has, and has no other
-- version is a copy. Those need no ranking.
CREATE OR REPLACE TEMP TABLE copies AS
WITH once AS (
  SELECT n.source, n.{id} AS id, min(n.rowid) AS "row", min(n.content) AS content, min(n.batch_id) AS batch_id, min(n.line) AS line
  FROM {table} AS n JOIN contested AS c ON n.source = c.source AND CAST(n.{id} AS VARCHAR) = c.id
  WHERE n.batch_id >= $first GROUP BY ALL HAVING count(*) = 1
),
had AS (
  SELECT o.source, o.{id} AS id, min(o.content) AS content
  FROM {table} AS o JOIN contested AS c ON o.source = c.source AND CAST(o.{id} AS VARCHAR) = c.id
  WHERE o.batch_id < $first GROUP BY ALL HAVING count(*) = 1
)
SELECT o."row", o.source, CAST(o.id AS VARCHAR) AS id, o.content, o.batch_id, o.line FROM once AS o JOIN had AS h ON o.source = h.source AND o.id = h.id AND o.content = h.content
WHERE NOT EXISTS (SELECT 1 FROM {old} AS s WHERE s.source = o.source AND s.{id} = o.id);

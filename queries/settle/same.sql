-- Most facts that come again are as they were: the new row of a fact that stands
-- once in the new batches, and equals the version of it that was the last one said,
-- is a copy of that. Those need no ranking. {current} has these versions. What was
-- loaded later than now, by a clock that was wrong, was not said before. Sources are
-- compared last: of a table with ids in about the order in which they came, only the
-- parts that may have those of the new rows are then read.
CREATE OR REPLACE TEMP TABLE same AS
WITH earlier AS (
  SELECT batch_id, source FROM batches WHERE batch_id < $first AND loaded_at <= (SELECT min(loaded_at) FROM batches WHERE batch_id >= $first)
)
SELECT n."row", n.source, n.batch_id, n.line, k.batch_id AS of_batch, k.line AS of_line
FROM {rows} AS n JOIN {current} AS k ON n.{id} = k.{id} AND n.content = k.content
  JOIN earlier AS e ON k.batch_id = e.batch_id AND n.source = e.source
WHERE n.batch_id >= $first AND k.batch_id < $first
  AND NOT EXISTS (SELECT 1 FROM several AS s WHERE s.source = n.source AND s.id = CAST(n.{id} AS VARCHAR));

-- Copies of orders that came with their lines take these with them, so each is
-- recorded by itself.
CREATE OR REPLACE TEMP TABLE copies AS
SELECT s."row", n.source, CAST(n.{id} AS VARCHAR) AS id, n.content, n.batch_id, n.line
FROM same AS s JOIN {rows} AS n ON s."row" = n."row"
WHERE $kind = 'orders' AND s.batch_id IN (SELECT batch_id FROM facts.order_lines WHERE told_by = 'order' AND batch_id >= $first);

DELETE FROM same WHERE "row" IN (SELECT "row" FROM copies);

CREATE OR REPLACE TEMP TABLE pairs AS SELECT source, batch_id, line, of_batch, of_line FROM same;

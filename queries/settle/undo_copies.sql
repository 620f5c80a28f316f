-- Copies of the contested facts become rows again, and what the batch brought goes.
INSERT INTO {table}
WITH one AS (
  SELECT source, CAST({id} AS VARCHAR) AS id, content, min("row") AS "row" FROM {rows}
  WHERE (source, CAST({id} AS VARCHAR)) IN (SELECT (source, id) FROM contested) GROUP BY ALL
)
SELECT t.* REPLACE (r.batch_id AS batch_id, r.line AS line)
FROM facts.repeats AS r JOIN contested AS c ON r.source = c.source AND r.id = c.id
  JOIN one AS o ON r.source = o.source AND r.id = o.id AND r.content = o.content JOIN {table} AS t ON t.rowid = o."row"
WHERE r.kind = $kind;

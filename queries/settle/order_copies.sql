-- An order that is a copy takes its lines with it: rows counts the rows of the file
-- that they are, and where they stood is kept. Rows of one file that repeat each
-- other share their lines: while one of them is no copy the lines stay, and of
-- several copies the first keeps where they stood.
CREATE OR REPLACE TEMP TABLE copied_lines AS
WITH gone AS (
  SELECT source, id, batch_id, content, min(line) AS line FROM copies AS c
  WHERE NOT EXISTS (SELECT 1 FROM facts.orders AS o WHERE o.source = c.source AND o.order_id = c.id AND o.batch_id = c.batch_id AND o.content = c.content)
  GROUP BY source, id, batch_id, content
)
SELECT t.source, t.order_id, t.batch_id, t.version, g.line, count(DISTINCT t.file_line) AS "rows", string_agg(CAST(t.file_line AS VARCHAR), ' ' ORDER BY t.line) AS file_lines
FROM facts.order_lines AS t JOIN gone AS g ON t.source = g.source AND t.order_id = g.id AND t.batch_id = g.batch_id AND t.version = g.content
WHERE t.told_by = 'order' GROUP BY t.source, t.order_id, t.batch_id, t.version, g.line;

DELETE FROM facts.order_lines AS t USING copied_lines AS l
WHERE t.told_by = 'order' AND t.source = l.source AND t.order_id = l.order_id AND t.batch_id = l.batch_id AND t.version = l.version;

UPDATE facts.repeats SET "rows" = greatest(l."rows", 1), file_lines = l.file_lines FROM copied_lines AS l
WHERE facts.repeats.kind = 'orders' AND facts.repeats.source = l.source AND facts.repeats.id = l.order_id
  AND facts.repeats.batch_id = l.batch_id AND facts.repeats.content = l.version AND facts.repeats.line = l.line;

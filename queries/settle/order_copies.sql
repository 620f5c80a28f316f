-- An order that is a copy takes its lines with it: rows counts them, and where they
-- stood in the file is kept.
CREATE OR REPLACE TEMP TABLE copied_lines AS
SELECT t.source, t.order_id, t.batch_id, t.version, count(*) AS "rows", string_agg(CAST(t.file_line AS VARCHAR), ' ' ORDER BY t.line) AS file_lines
FROM facts.order_lines AS t JOIN copies AS c ON t.source = c.source AND t.order_id = c.id AND t.batch_id = c.batch_id AND t.version = c.content
WHERE t.told_by = 'order' GROUP BY t.source, t.order_id, t.batch_id, t.version;

DELETE FROM facts.order_lines AS t USING copied_lines AS l
WHERE t.told_by = 'order' AND t.source = l.source AND t.order_id = l.order_id AND t.batch_id = l.batch_id AND t.version = l.version;

UPDATE facts.repeats SET "rows" = greatest(l."rows", 1), file_lines = l.file_lines FROM copied_lines AS l
WHERE facts.repeats.kind = 'orders' AND facts.repeats.source = l.source AND facts.repeats.id = l.order_id
  AND facts.repeats.batch_id = l.batch_id AND facts.repeats.content = l.version;

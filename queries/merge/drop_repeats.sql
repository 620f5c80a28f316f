-- Equal rows of one order in a file with one row per order are repeats: those that
-- follow each other, and of what was said before and is said again the earlier row,
-- since the last one counts.
CREATE OR REPLACE TEMP TABLE repeated_rows AS
WITH several AS (
  SELECT id FROM stage_rows GROUP BY id HAVING count(*) > 1
),
told AS (
  SELECT s.line, s.id, s.content, s.content IS NOT DISTINCT FROM lag(s.content) OVER (PARTITION BY s.id ORDER BY s.line) AS again
  FROM stage_rows AS s JOIN several AS n ON s.id = n.id
),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY id, content, again ORDER BY line DESC) AS nth FROM told
)
SELECT line, id, content FROM placed WHERE again OR nth > 1;

INSERT INTO facts.repeats
SELECT 'orders', $source, id, content, $batch, line, 1, NULL FROM repeated_rows;

DELETE FROM stage_rows WHERE line IN (SELECT line FROM repeated_rows);

-- Facts without an id of their own got one from their content. Equal rows of
-- one file are different facts: the second and later ones get their number
-- of occurrence, so that the same export loaded again adds none.
CREATE OR REPLACE TEMP TABLE occurrences AS
WITH repeated AS (SELECT id FROM stage_rows GROUP BY id HAVING count(*) > 1)
SELECT s.line, s.id || '.' || row_number() OVER (PARTITION BY s.id ORDER BY s.line) AS numbered,
  row_number() OVER (PARTITION BY s.id ORDER BY s.line) AS n
FROM stage_rows AS s JOIN repeated AS r ON s.id = r.id;

UPDATE stage_rows SET id = o.numbered FROM occurrences AS o WHERE stage_rows.line = o.line AND o.n > 1;

DROP TABLE occurrences;

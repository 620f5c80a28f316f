-- What becomes of each row of the file. known is a view of what the store has
-- of this source: id, content, updated_at. Of several rows with one id the
-- newest is kept: later updated_at, else further down; equal ones by content.
CREATE OR REPLACE TEMP TABLE fate AS
WITH placed AS (
  SELECT line, id, content, updated_at,
    row_number() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, CASE WHEN updated_at IS NULL THEN line ELSE content END DESC, line DESC) AS place
  FROM stage WHERE id IS NOT NULL
)
SELECT p.line, p.id,
  CASE WHEN p.place > 1 THEN 'duplicate'
    WHEN k.id IS NULL THEN 'new'
    WHEN k.content = p.content THEN 'duplicate'
    WHEN p.updated_at < k.updated_at THEN 'duplicate'
    WHEN p.updated_at = k.updated_at AND p.content < k.content THEN 'duplicate'
    ELSE 'replaces' END AS outcome
FROM placed AS p LEFT JOIN known AS k ON p.id = k.id;

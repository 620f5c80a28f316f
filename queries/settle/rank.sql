-- The versions of the contested facts in the order in which they were said: by
-- updated_at, else by the moment of loading and the place in it; equal moments by
-- content. A row that says the same as the one before it is a copy of it; of the
-- others the last is the current version.
CREATE OR REPLACE TEMP TABLE ranked AS
WITH said AS (
  SELECT t."row", t.source, CAST(t.{id} AS VARCHAR) AS id, t.content, t.batch_id, t.line,
    coalesce(t.updated_at, b.loaded_at) AS said_at, t.updated_at IS NULL AS undated,
    CASE WHEN t.updated_at IS NULL THEN t.batch_id ELSE 0 END AS nth, CASE WHEN t.updated_at IS NULL THEN t.line ELSE 0 END AS place
  FROM {rows} AS t JOIN contested AS c ON t.source = c.source AND CAST(t.{id} AS VARCHAR) = c.id
    JOIN batches AS b ON t.batch_id = b.batch_id
),
told AS (
  SELECT *, content IS NOT DISTINCT FROM lag(content) OVER (PARTITION BY source, id ORDER BY said_at, undated, nth, place, content, batch_id, line) AS copy
  FROM said
)
SELECT *, NOT copy AND row_number() OVER (PARTITION BY source, id, copy ORDER BY said_at DESC, undated DESC, nth DESC, place DESC, content DESC, batch_id DESC, line DESC) = 1 AS current
FROM told;

CREATE OR REPLACE TEMP TABLE copies AS SELECT "row", source, id, content, batch_id, line FROM ranked WHERE copy;

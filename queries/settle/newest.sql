-- The newest version of each fact that the store had, where all versions stay in
-- one table.
CREATE OR REPLACE TEMP TABLE newest AS
SELECT t.source, t.{id}, t.content, t.batch_id, t.line
FROM {rows} AS t JOIN batches AS b ON t.batch_id = b.batch_id
WHERE t.batch_id < $first
QUALIFY row_number() OVER (PARTITION BY t.source, t.{id} ORDER BY coalesce(t.updated_at, b.loaded_at) DESC, t.updated_at IS NULL DESC,
  CASE WHEN t.updated_at IS NULL THEN t.batch_id ELSE 0 END DESC, CASE WHEN t.updated_at IS NULL THEN t.line ELSE 0 END DESC, t.content DESC, t.batch_id DESC, t.line DESC) = 1;

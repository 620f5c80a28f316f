-- All versions of the contested facts come back to be ranked.
CREATE OR REPLACE TEMP TABLE was_current AS
SELECT t."row" FROM {rows} AS t JOIN contested AS c ON t.source = c.source AND CAST(t.{id} AS VARCHAR) = c.id;

INSERT INTO {table}
SELECT s.* FROM {old} AS s WHERE s.rowid IN (SELECT o."row" FROM {old_rows} AS o JOIN contested AS c ON o.source = c.source AND CAST(o.{id} AS VARCHAR) = c.id);

DELETE FROM {old} WHERE rowid IN (SELECT o."row" FROM {old_rows} AS o JOIN contested AS c ON o.source = c.source AND CAST(o.{id} AS VARCHAR) = c.id);

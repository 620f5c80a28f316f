-- All versions of the contested facts come back to be ranked.
CREATE OR REPLACE TEMP TABLE was_current AS
SELECT t.rowid AS "row" FROM {table} AS t JOIN contested AS c ON t.source = c.source AND CAST(t.{id} AS VARCHAR) = c.id;

INSERT INTO {table}
SELECT s.* FROM {old} AS s WHERE (s.source, CAST(s.{id} AS VARCHAR)) IN (SELECT (source, id) FROM contested);

DELETE FROM {old} AS s WHERE (s.source, CAST(s.{id} AS VARCHAR)) IN (SELECT (source, id) FROM contested);

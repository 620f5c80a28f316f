-- Older versions are set aside.
INSERT INTO {old}
SELECT t.* FROM {table} AS t WHERE t.rowid IN (SELECT "row" FROM ranked WHERE NOT copy AND NOT current);

DELETE FROM {table} WHERE rowid IN (SELECT "row" FROM ranked WHERE NOT copy AND NOT current);

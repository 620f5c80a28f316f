-- What was found to be a copy of a row goes.
DELETE FROM {table} WHERE rowid IN (SELECT "row" FROM same);

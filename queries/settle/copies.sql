-- Copies are recorded and taken out.
INSERT INTO facts.repeats SELECT $kind, source, id, content, batch_id, line, 1, NULL FROM copies;

DELETE FROM {table} WHERE rowid IN (SELECT "row" FROM copies);

-- What the batch brought goes, and the copies that are rows again are no copies.
DELETE FROM {table} WHERE batch_id = $batch;

DELETE FROM facts.repeats AS r USING contested AS c WHERE r.kind = $kind AND r.source = c.source AND r.id = c.id;

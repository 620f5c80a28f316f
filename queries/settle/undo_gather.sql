-- To undo a batch, the facts that it touched come back with all their versions and
-- copies; each copy becomes a row again, of the batch that brought it.
CREATE OR REPLACE TEMP TABLE contested AS
SELECT source, CAST({id} AS VARCHAR) AS id FROM {rows} WHERE batch_id = $batch
UNION SELECT source, CAST({id} AS VARCHAR) FROM {old_rows} WHERE batch_id = $batch
UNION SELECT source, id FROM facts.repeats WHERE batch_id = $batch AND kind = $kind;

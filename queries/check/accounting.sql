-- Batches whose rows do not add up: read = accepted + duplicates + rejected, always.
-- severity: error
-- grain:  batch_id
-- reads:  batches
-- gives:  batch_id BIGINT, path VARCHAR, rows_read BIGINT, accepted BIGINT, duplicates BIGINT, rejected BIGINT
SELECT CAST(batch_id AS BIGINT) AS batch_id, path, read AS rows_read, accepted, duplicates, rejected
FROM batches
WHERE read <> accepted + duplicates + rejected
ORDER BY batch_id

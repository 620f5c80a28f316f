-- Rows of each source and what became of them: read = accepted + duplicates + rejected.
-- grain:  kind, source, state
-- reads:  batches
-- gives:  kind VARCHAR, source VARCHAR, state VARCHAR, files BIGINT, rows_read BIGINT, accepted BIGINT,
--         duplicates BIGINT, rejected BIGINT
SELECT
  kind,
  source,
  state,
  count(*) AS files,
  CAST(sum(read) AS BIGINT) AS rows_read,
  CAST(sum(accepted) AS BIGINT) AS accepted,
  CAST(sum(duplicates) AS BIGINT) AS duplicates,
  CAST(sum(rejected) AS BIGINT) AS rejected
FROM batches
GROUP BY kind, source, state
ORDER BY kind, source, state

-- Addresses that so many people have that they join nobody: a shop's telephone, an address that is not answered.
-- severity: warning
-- grain:  key
-- reads:  shared_keys
-- gives:  key BIGINT, kind VARCHAR, shown VARCHAR, people BIGINT, reason VARCHAR
SELECT CAST(key AS BIGINT) AS key, kind, shown, people, reason
FROM shared_keys WHERE reason IN ('too many people', 'one id with too many')
ORDER BY key

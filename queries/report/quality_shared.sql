-- Keys that join nobody, since too many people hold them or the configuration says so, the most shared first. shown is
-- masked.
-- grain:  kind, shown, reason, people, nth
-- reads:  shared_keys
-- gives:  kind VARCHAR, shown VARCHAR, reason VARCHAR, people BIGINT, nth BIGINT, keys BIGINT
SELECT
  kind,
  shown,
  reason,
  people,
  row_number() OVER (ORDER BY people DESC, kind, shown, reason) AS nth,
  count(*) OVER () AS keys
FROM shared_keys
ORDER BY nth
LIMIT 10

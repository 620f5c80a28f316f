-- Customer ids that became one customer with others, by what joined them: an e-mail address, a telephone number, a member
-- id, or a link file.
-- grain:  reason
-- reads:  identities
-- gives:  reason VARCHAR, customers BIGINT, ids BIGINT
WITH joined AS (
  SELECT person, CASE WHEN reason LIKE 'link %' THEN 'link' ELSE reason END AS reason
  FROM identities
  WHERE person <> member
)
SELECT reason, count(DISTINCT person) AS customers, count(*) AS ids
FROM joined
GROUP BY reason
ORDER BY ids DESC, reason

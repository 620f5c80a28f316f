-- How customers are reached, as their orders tell.
INSERT INTO facts.contacts
WITH told AS (
  SELECT member, arg_max(name, (coalesce(updated_at, ordered_at), line)) AS name, arg_max(email, (coalesce(updated_at, ordered_at), line)) AS email, arg_max(phone, (coalesce(updated_at, ordered_at), line)) AS phone,
    arg_max(address, (coalesce(updated_at, ordered_at), line)) AS address, max(coalesce(updated_at, ordered_at)) AS updated_at, max(line) AS line
  FROM versions ANTI JOIN (SELECT line FROM aside WHERE outcome IN ('duplicate', 'superseded')) AS a ON versions.line = a.line WHERE member IS NOT NULL AND coalesce(name, email, phone, address) IS NOT NULL
  GROUP BY member
),
known AS (
  SELECT member, arg_max(name, (updated_at, batch_id, line)) FILTER (name IS NOT NULL) AS name,
    arg_max(email, (updated_at, batch_id, line)) FILTER (email IS NOT NULL) AS email,
    arg_max(phone, (updated_at, batch_id, line)) FILTER (phone IS NOT NULL) AS phone,
    arg_max(address, (updated_at, batch_id, line)) FILTER (address IS NOT NULL) AS address
  FROM facts.contacts WHERE source = $source GROUP BY member
)
SELECT $source, t.member, t.name, t.email, t.phone, t.address, t.updated_at, $batch, t.line
FROM told AS t LEFT JOIN known AS k ON t.member = k.member
WHERE (t.name IS NOT NULL AND t.name IS DISTINCT FROM k.name) OR (t.email IS NOT NULL AND t.email IS DISTINCT FROM k.email)
  OR (t.phone IS NOT NULL AND t.phone IS DISTINCT FROM k.phone) OR (t.address IS NOT NULL AND t.address IS DISTINCT FROM k.address);

-- Where customers live, as their orders tell.
INSERT INTO facts.customers
WITH told AS (
  SELECT member, arg_max(country, (coalesce(updated_at, ordered_at), line)) AS country, arg_max(region, (coalesce(updated_at, ordered_at), line)) AS region, arg_max(city, (coalesce(updated_at, ordered_at), line)) AS city,
    arg_max(postcode, (coalesce(updated_at, ordered_at), line)) AS postcode, max(coalesce(updated_at, ordered_at)) AS updated_at, max(line) AS line
  FROM versions ANTI JOIN (SELECT line FROM aside WHERE outcome IN ('duplicate', 'superseded')) AS a ON versions.line = a.line WHERE member IS NOT NULL AND coalesce(country, region, city, postcode) IS NOT NULL
  GROUP BY member
),
known AS (
  SELECT member, arg_max(country, (updated_at, batch_id, line)) FILTER (country IS NOT NULL) AS country,
    arg_max(region, (updated_at, batch_id, line)) FILTER (region IS NOT NULL) AS region,
    arg_max(city, (updated_at, batch_id, line)) FILTER (city IS NOT NULL) AS city,
    arg_max(postcode, (updated_at, batch_id, line)) FILTER (postcode IS NOT NULL) AS postcode
  FROM facts.customers WHERE source = $source GROUP BY member
)
SELECT $source, t.member, NULL, NULL, t.country, t.region, t.city, t.postcode, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  t.updated_at, 0, $batch, t.line
FROM told AS t LEFT JOIN known AS k ON t.member = k.member
WHERE (t.country IS NOT NULL AND t.country IS DISTINCT FROM k.country) OR (t.region IS NOT NULL AND t.region IS DISTINCT FROM k.region)
  OR (t.city IS NOT NULL AND t.city IS DISTINCT FROM k.city) OR (t.postcode IS NOT NULL AND t.postcode IS DISTINCT FROM k.postcode);

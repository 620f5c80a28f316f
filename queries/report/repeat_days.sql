-- Repeat purchases of each day: purchase days of customers who had bought on an earlier day.
-- grain:  day
-- reads:  daily, summary
-- gives:  day DATE, purchases BIGINT
WITH buyers AS (
  SELECT day, count(*) AS customers
  FROM daily
  GROUP BY day
),
newcomers AS (
  SELECT first_day AS day, count(*) AS customers
  FROM summary
  WHERE first_day IS NOT NULL
  GROUP BY first_day
)
SELECT
  CAST(DATE '1970-01-01' + b.day AS DATE) AS day,
  b.customers - COALESCE(n.customers, 0) AS purchases
FROM buyers AS b
LEFT JOIN newcomers AS n ON b.day = n.day
ORDER BY 1

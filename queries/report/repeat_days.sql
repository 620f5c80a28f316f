-- Repeat purchases of each day: purchase days of customers who had bought on an earlier day.
-- grain:  day
-- reads:  days_bought
-- gives:  day DATE, purchases BIGINT
SELECT
  CAST(DATE '1970-01-01' + day AS DATE) AS day,
  buyers - newcomers AS purchases
FROM days_bought
ORDER BY 1

-- Values of a column of orders that a condition may hold for: the words of conditions, and whatever is not plain ASCII, since
-- compatibility forms and capitals outside of ASCII are folded in Go only.
-- grain:  value
-- reads:  facts.placed_orders, words
-- gives:  value VARCHAR
WITH told AS (
  SELECT CASE CAST($column AS VARCHAR)
    WHEN 'order_id' THEN order_id WHEN 'source' THEN source WHEN 'status' THEN status WHEN 'shop' THEN shop
    WHEN 'channel' THEN channel WHEN 'coupon' THEN coupon WHEN 'campaign_id' THEN campaign_id END AS value
  FROM facts.placed_orders
)
SELECT DISTINCT value
FROM told
WHERE value IS NOT NULL AND (strlen(value) <> length(value) OR lower(value) IN (SELECT word FROM words))
ORDER BY value

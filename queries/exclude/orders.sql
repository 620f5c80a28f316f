-- Orders up to the as-of day for which all conditions of a rule hold. A condition is a regular expression for plain ASCII text
-- beside the values of held; it is NULL when the rule has none on that column.
-- grain:  source, order_id
-- reads:  facts.placed_orders, held, bounds
-- gives:  source VARCHAR, order_id VARCHAR, below_zero BOOLEAN, rule VARCHAR
SELECT o.source, o.order_id, o.net < 0 AS below_zero, CAST($rule AS VARCHAR) AS rule
FROM facts.placed_orders AS o
CROSS JOIN bounds AS b
WHERE o.ordered_day <= b.as_of_day
  AND (CAST($net_above AS DECIMAL(18,4)) IS NULL OR o.net > CAST($net_above AS DECIMAL(18,4)))
  AND (CAST($net_below AS DECIMAL(18,4)) IS NULL OR o.net < CAST($net_below AS DECIMAL(18,4)))
  AND (CAST($order_id AS VARCHAR) IS NULL
    OR strlen(o.order_id) = length(o.order_id) AND regexp_matches(lower(o.order_id), $order_id)
    OR o.order_id IN (SELECT value FROM held WHERE rule = $rule AND name = 'order_id'))
  AND (CAST($source AS VARCHAR) IS NULL
    OR strlen(o.source) = length(o.source) AND regexp_matches(lower(o.source), $source)
    OR o.source IN (SELECT value FROM held WHERE rule = $rule AND name = 'source'))
  AND (CAST($status AS VARCHAR) IS NULL
    OR strlen(o.status) = length(o.status) AND regexp_matches(lower(o.status), $status)
    OR o.status IN (SELECT value FROM held WHERE rule = $rule AND name = 'status'))
  AND (CAST($shop AS VARCHAR) IS NULL
    OR strlen(o.shop) = length(o.shop) AND regexp_matches(lower(o.shop), $shop)
    OR o.shop IN (SELECT value FROM held WHERE rule = $rule AND name = 'shop'))
  AND (CAST($channel AS VARCHAR) IS NULL
    OR strlen(o.channel) = length(o.channel) AND regexp_matches(lower(o.channel), $channel)
    OR o.channel IN (SELECT value FROM held WHERE rule = $rule AND name = 'channel'))
  AND (CAST($coupon AS VARCHAR) IS NULL
    OR strlen(o.coupon) = length(o.coupon) AND regexp_matches(lower(o.coupon), $coupon)
    OR o.coupon IN (SELECT value FROM held WHERE rule = $rule AND name = 'coupon'))
  AND (CAST($campaign_id AS VARCHAR) IS NULL
    OR strlen(o.campaign_id) = length(o.campaign_id) AND regexp_matches(lower(o.campaign_id), $campaign_id)
    OR o.campaign_id IN (SELECT value FROM held WHERE rule = $rule AND name = 'campaign_id'))

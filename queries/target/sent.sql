-- Messages of campaign $campaign that are known to have gone out from the day $on on.
-- reads:  facts.responses
-- gives:  messages BIGINT
SELECT count(*) AS messages
FROM facts.responses
WHERE campaign_id = $campaign AND occurred_on >= CAST($on AS DATE) AND event IN ('sent', 'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed', 'complained')

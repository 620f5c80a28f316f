-- The customer's latest refunds.
-- grain:  source, refund_id
-- reads:  refunds
-- gives:  source VARCHAR, refund_id VARCHAR, order_id VARCHAR, refunded_on DATE, amount DECIMAL(18,4), reason VARCHAR
SELECT source, refund_id, order_id, refunded_on, amount, reason
FROM refunds WHERE customer_id = $customer ORDER BY refunded_on DESC, source, refund_id LIMIT 10

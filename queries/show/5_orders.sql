-- The customer's latest orders.
-- grain:  source, order_id
-- reads:  orders
-- gives:  source VARCHAR, order_id VARCHAR, ordered_at TIMESTAMP WITH TIME ZONE, status VARCHAR, counted BOOLEAN, shop VARCHAR, channel VARCHAR,
--         net DECIMAL(18,4), currency VARCHAR, coupon VARCHAR
SELECT source, order_id, ordered_at, status, counted, shop, channel, net, currency, coupon
FROM orders WHERE customer_id = $customer ORDER BY ordered_at DESC, source, order_id LIMIT 10

-- The rows of the orders that loading may have changed.
-- reads:  facts.order_rows, touched_ids
-- gives:  order_id VARCHAR, batch_id INTEGER, member BIGINT, net DECIMAL(18,4)
SELECT o.order_id, o.batch_id, o.member, o.net FROM facts.order_rows AS o SEMI JOIN touched_ids AS t ON o.order_id = t.id

-- The orders that loading may have changed since a check found nothing: those of new batches, those with lines of new batches,
-- whose worth may be another for it, and those whose versions or lines were settled beside new ones. Of which source they are
-- is not asked: that an order of another one with the same id is looked at too does no harm.
-- grain:  id
-- reads:  facts.order_rows, facts.order_lines, touched_facts
-- gives:  id VARCHAR
SELECT order_id AS id FROM facts.order_rows WHERE batch_id >= $first
UNION SELECT order_id FROM facts.order_lines WHERE batch_id >= $first
UNION SELECT id FROM touched_facts WHERE kind IN ('orders', 'order-lines')

-- Refunds of this source that refunds files brought.
CREATE OR REPLACE TEMP VIEW known AS
SELECT r.refund_id AS id, r.content, r.updated_at
FROM facts.refunds AS r JOIN batches AS b ON r.batch_id = b.batch_id CROSS JOIN load AS l
WHERE r.source = l.source AND b.kind = 'refunds';

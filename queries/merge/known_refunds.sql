-- Refunds of this source that the store has.
CREATE OR REPLACE TEMP VIEW known AS
SELECT r.refund_id AS id, r.content, CAST(NULL AS TIMESTAMPTZ) AS updated_at FROM facts.refunds AS r CROSS JOIN load AS l WHERE r.source = l.source;

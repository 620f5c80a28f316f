-- Products of this source that the store has; those that only lines named are replaced by any description.
CREATE OR REPLACE TEMP VIEW known AS
SELECT p.product_id AS id, p.content, p.updated_at FROM facts.products AS p CROSS JOIN load AS l WHERE p.source = l.source;

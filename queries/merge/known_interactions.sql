-- Interactions of this source that the store has.
CREATE OR REPLACE TEMP VIEW known AS
SELECT n.interaction_id AS id, n.content, n.updated_at
FROM facts.interactions AS n CROSS JOIN load AS l WHERE n.source = l.source;

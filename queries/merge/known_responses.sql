-- Responses of this source that the store has.
CREATE OR REPLACE TEMP VIEW known AS
SELECT r.response_id AS id, r.content, r.updated_at
FROM facts.responses AS r CROSS JOIN load AS l WHERE r.source = l.source;

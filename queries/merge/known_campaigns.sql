-- Campaigns of this source that the store has.
CREATE OR REPLACE TEMP VIEW known AS
SELECT c.campaign_id AS id, c.content, c.updated_at
FROM facts.campaigns AS c CROSS JOIN load AS l WHERE c.source = l.source;
